package org.cocoon.contracts.chain;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/** Bodies of payouts: leaves, and the way up from them, as cells. */
final class Payouts {
  /** As many as fit: a hash and a sum have 320 bits. */
  private static final int PAIRS_PER_CELL = 3;

  private static final Pair NOBODY = new Pair(new byte[32], NanoTon.ZERO);

  /** A leaf (payee and what it earned), or a node (hash and sum). */
  private record Pair(byte[] hash, NanoTon sum) {}

  private Payouts() {}

  static Cell single(
      long queryId, EarningsTree.Leaf leaf, int index, List<EarningsTree.Node> siblings) {
    return body(queryId, index, 0, siblings, List.of(pair(leaf)));
  }

  static Cell batch(long queryId, EarningsTree tree, int index, int height) {
    if (height < 0 || height > EarningsTree.MAX_BATCH_HEIGHT) {
      throw new IllegalArgumentException(
          "a batch has up to 2^%d leaves, not 2^%d"
              .formatted(EarningsTree.MAX_BATCH_HEIGHT, height));
    }
    List<EarningsTree.Leaf> all = tree.leaves();
    List<Pair> leaves = new ArrayList<>(1 << height);
    for (int i = index; i < index + (1 << height); i++) {
      leaves.add(i < all.size() ? pair(all.get(i)) : NOBODY);
    }
    return body(queryId, index, height, tree.siblings(index, height), leaves);
  }

  private static Cell body(
      long queryId, int index, int height, List<EarningsTree.Node> siblings, List<Pair> leaves) {
    List<Pair> way = siblings.stream().map(node -> new Pair(node.hash(), node.sum())).toList();
    return Bodies.begin(Op.PAYOUT, queryId)
        .uint(index, 32)
        .uint(height, 8)
        .maybeRef(chain(way))
        .ref(chain(leaves).orElseThrow())
        .end();
  }

  private static Pair pair(EarningsTree.Leaf leaf) {
    return leaf.isEmpty() ? NOBODY : new Pair(leaf.payee().hash(), leaf.earned());
  }

  /** Chained from the first; empty for none. */
  private static Optional<Cell> chain(List<Pair> pairs) {
    Optional<Cell> next = Optional.empty();
    for (int end = pairs.size(); end > 0; ) {
      int from = (end - 1) / PAIRS_PER_CELL * PAIRS_PER_CELL;
      CellWriter cell = new CellWriter();
      for (Pair pair : pairs.subList(from, end)) {
        cell.bytes(pair.hash).uint(pair.sum.nanos(), 64);
      }
      next.ifPresent(cell::ref);
      next = Optional.of(cell.end());
      end = from;
    }
    return next;
  }
}
