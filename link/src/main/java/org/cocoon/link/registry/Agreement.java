package org.cocoon.link.registry;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What enough endpoints say alike, so that fewer liars than the quorum change nothing.
 *
 * @param state the newest version that a quorum says, with what a quorum announces and takes back,
 *     as of the last time by which a quorum has said it; empty where no quorum says the same
 * @param revoked what a quorum takes back, whatever else they differ on
 * @param fork says so where two endpoints have different documents of one version: one of them lies
 */
record Agreement(
    Optional<RegistryState> state, SortedMap<String, Instant> revoked, Optional<String> fork) {

  /** What endpoints must have in common. */
  private record Said(long version, ByteString document) {}

  private record Announced(ByteString document, Instant activatesAt) {}

  /**
   * Finds it.
   *
   * @param states by the endpoint's name
   * @param quorum at least 1
   */
  static Agreement of(Map<String, RegistryState> states, int quorum) {
    SortedMap<String, Instant> revoked = revoked(states.values().stream().toList(), quorum);
    Map<Said, List<RegistryState>> same =
        states.values().stream()
            .collect(Collectors.groupingBy(state -> new Said(state.version(), state.document())));
    List<Map.Entry<Said, List<RegistryState>>> enough =
        same.entrySet().stream()
            .filter(entry -> entry.getValue().size() >= quorum)
            .sorted(Comparator.comparingLong(entry -> -entry.getKey().version()))
            .toList();
    boolean twice =
        enough.size() > 1 && enough.get(0).getKey().version() == enough.get(1).getKey().version();
    Optional<RegistryState> state =
        enough.isEmpty() || twice
            ? Optional.empty()
            : Optional.of(agreed(enough.getFirst().getValue(), revoked, quorum));
    return new Agreement(state, revoked, fork(states));
  }

  private static RegistryState agreed(
      List<RegistryState> states, SortedMap<String, Instant> revoked, int quorum) {
    RegistryState first = states.getFirst();
    Optional<Announced> announced =
        states.stream()
            .filter(state -> state.pending().isPresent())
            .collect(
                Collectors.groupingBy(
                    state -> new Announced(state.pending().orElseThrow(), state.activatesAt()),
                    Collectors.counting()))
            .entrySet()
            .stream()
            .filter(entry -> entry.getValue() >= quorum)
            .map(Map.Entry::getKey)
            .findFirst();
    // Of so many times at least one is no lie, and none of the rest is older.
    Instant asOf =
        states.stream()
            .map(RegistryState::asOf)
            .sorted(Comparator.reverseOrder())
            .skip(quorum - 1L)
            .findFirst()
            .orElseThrow();
    return new RegistryState(
        first.version(),
        announced.map(Announced::activatesAt).orElse(Instant.EPOCH),
        first.document(),
        announced.map(Announced::document),
        revoked,
        asOf);
  }

  private static SortedMap<String, Instant> revoked(List<RegistryState> states, int quorum) {
    SortedMap<String, Instant> revoked = new TreeMap<>();
    states.stream()
        .flatMap(state -> state.revoked().entrySet().stream())
        .collect(Collectors.groupingBy(Map.Entry::getKey))
        .forEach(
            (hash, said) -> {
              if (said.size() >= quorum) {
                revoked.put(
                    hash,
                    said.stream().map(Map.Entry::getValue).min(Comparator.naturalOrder()).get());
              }
            });
    return Collections.unmodifiableSortedMap(revoked);
  }

  private static Optional<String> fork(Map<String, RegistryState> states) {
    SortedMap<Long, Map.Entry<String, RegistryState>> firstOf = new TreeMap<>();
    for (Map.Entry<String, RegistryState> each : new TreeMap<>(states).entrySet()) {
      long version = each.getValue().version();
      Map.Entry<String, RegistryState> first = firstOf.computeIfAbsent(version, _ -> each);
      if (!first.getValue().document().equals(each.getValue().document())) {
        return Optional.of(
            "%s and %s have different documents of version %d: one of them lies"
                .formatted(first.getKey(), each.getKey(), version));
      }
    }
    return Optional.empty();
  }
}
