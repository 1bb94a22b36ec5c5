package org.cocoon.contracts.model;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** How often each operation ended in which way. Any thread. */
final class Coverage {
  private final ConcurrentMap<String, ConcurrentMap<String, LongAdder>> counts =
      new ConcurrentHashMap<>();
  private final LongAdder operations = new LongAdder();
  private final LongAdder transactions = new LongAdder();

  void operation() {
    operations.increment();
  }

  void transaction(String operation, String outcome) {
    transactions.increment();
    counts
        .computeIfAbsent(operation, _ -> new ConcurrentHashMap<>())
        .computeIfAbsent(outcome, _ -> new LongAdder())
        .increment();
  }

  long operations() {
    return operations.sum();
  }

  long transactions() {
    return transactions.sum();
  }

  /** Those of "operation: outcome" that never came. */
  List<String> missing(Collection<String> required) {
    return required.stream()
        .filter(
            text -> {
              int colon = text.lastIndexOf(": ");
              var outcomes =
                  counts.getOrDefault(text.substring(0, colon), new ConcurrentHashMap<>());
              return !outcomes.containsKey(text.substring(colon + 2));
            })
        .toList();
  }

  /** A line for each operation. */
  String table() {
    StringBuilder table = new StringBuilder();
    counts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            entry ->
                table
                    .append("%-28s ".formatted(entry.getKey()))
                    .append(
                        entry.getValue().entrySet().stream()
                            .sorted(Map.Entry.comparingByKey())
                            .map(outcome -> outcome.getKey() + " " + outcome.getValue())
                            .collect(Collectors.joining(", ")))
                    .append('\n'));
    return table.toString();
  }
}
