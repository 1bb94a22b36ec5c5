package org.cocoon.devnet.chain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.cocoon.devnet.cell.Address;
import org.jspecify.annotations.Nullable;

/** Which transactions and blocks there were, up to a bound; the oldest go. For one thread. */
final class History {
  private static final int MAX_BLOCKS = 100_000;

  private final int capacity;
  private final ArrayDeque<TransactionRef> order = new ArrayDeque<>();
  private final Map<Address, NavigableMap<Long, TransactionRef>> byAccount = new HashMap<>();
  private final Map<String, TransactionRef> byHash = new HashMap<>();
  private final TreeMap<Long, Block> blocks = new TreeMap<>();

  History(int capacity) {
    this.capacity = capacity;
  }

  void add(Block block) {
    blocks.put(block.seqno(), block);
    if (blocks.size() > MAX_BLOCKS) {
      blocks.pollFirstEntry();
    }
    for (TransactionRef ref : block.transactions()) {
      order.add(ref);
      byAccount.computeIfAbsent(ref.account(), a -> new TreeMap<>()).put(ref.lt(), ref);
      byHash.put(ref.hash(), ref);
    }
    while (order.size() > capacity) {
      forget(order.remove());
    }
  }

  private void forget(TransactionRef ref) {
    byHash.remove(ref.hash());
    NavigableMap<Long, TransactionRef> rest = byAccount.get(ref.account());
    if (rest != null) {
      rest.remove(ref.lt());
      if (rest.isEmpty()) {
        byAccount.remove(ref.account());
      }
    }
  }

  @Nullable Block block(long seqno) {
    return blocks.get(seqno);
  }

  @Nullable TransactionRef byHash(String hash) {
    return byHash.get(hash);
  }

  int transactions() {
    return order.size();
  }

  /** An account's transactions from a logical time downwards, newest first. */
  List<TransactionRef> before(Address account, long fromLt, int limit) {
    NavigableMap<Long, TransactionRef> all = byAccount.get(account);
    List<TransactionRef> found = new ArrayList<>();
    if (all != null) {
      for (TransactionRef ref : all.headMap(fromLt, true).descendingMap().values()) {
        if (found.size() == limit) {
          break;
        }
        found.add(ref);
      }
    }
    return found;
  }

  /** An account's transactions after a logical time, oldest first. */
  List<TransactionRef> after(Address account, long lt, int limit) {
    NavigableMap<Long, TransactionRef> all = byAccount.get(account);
    if (all == null) {
      return List.of();
    }
    return all.tailMap(lt, false).values().stream().limit(limit).toList();
  }

  /** The newest blocks that have transactions, newest first. */
  List<Block> newest(int limit, long below) {
    return blocks.headMap(below, false).descendingMap().values().stream()
        .filter(block -> !block.transactions().isEmpty())
        .limit(limit)
        .toList();
  }
}
