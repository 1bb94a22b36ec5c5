package org.cocoon.router.settlement;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.contracts.EarningsTree;

/**
 * Which leaves to pay by which messages: aligned batches of 2^height leaves, at the least cost for
 * all that are worth it. Pure; amounts in nanoTON.
 *
 * <p>A message costs something by itself, a little for each leaf that it holds, and more for each
 * that it pays; measured in contracts/tolk/gas.json. From the bottom of the tree up it is either
 * cheaper to pay what is below a node with one message, or with those that are best for its two
 * halves. A leaf with less to pay than {@code worth} waits, unless a message comes by anyway; its
 * owner can claim it alone at any time.
 *
 * @param messageNanoton of a message by itself
 * @param leafNanoton of a leaf in it
 * @param paymentNanoton of a payment in it
 * @param worthNanoton what makes a leaf worth a message
 */
record PayoutPlan(long messageNanoton, long leafNanoton, long paymentNanoton, long worthNanoton) {
  /** As measured: 0.0037 TON, 0.0013 TON and 0.0014 TON. */
  static final PayoutPlan MEASURED = new PayoutPlan(3_700_000, 1_300_000, 1_400_000, 1);

  /**
   * An aligned part of the tree.
   *
   * @param index of its first leaf
   * @param height it has 2^height leaves
   * @param value that it pays
   */
  record Batch(int index, int height, long value) {}

  /** What a part of the tree costs at best, and how. */
  private record Best(long cost, List<Batch> batches, long open, int payments, boolean worth) {}

  /** The same for another worth. */
  PayoutPlan withWorth(long nanoton) {
    return new PayoutPlan(messageNanoton, leafNanoton, paymentNanoton, nanoton);
  }

  /**
   * The batches, by ascending index.
   *
   * @param unpaid of each leaf of the tree, by index
   */
  List<Batch> batches(List<Long> unpaid) {
    int height = 0;
    while (1 << height < unpaid.size()) {
      height++;
    }
    return unpaid.isEmpty() ? List.of() : best(unpaid, 0, height).batches;
  }

  private Best best(List<Long> unpaid, int index, int height) {
    if (index >= unpaid.size()) {
      return new Best(0, List.of(), 0, 0, false);
    }
    if (height == 0) {
      long open = unpaid.get(index);
      boolean worth = open >= worthNanoton && open > 0;
      int payments = open > 0 ? 1 : 0;
      return worth
          ? new Best(cost(0, 1), List.of(new Batch(index, 0, open)), open, 1, true)
          : new Best(0, List.of(), open, payments, false);
    }
    Best left = best(unpaid, index, height - 1);
    Best right = best(unpaid, index + (1 << (height - 1)), height - 1);
    long open = left.open + right.open;
    int payments = left.payments + right.payments;
    boolean worth = left.worth || right.worth;
    long apart = left.cost + right.cost;
    if (worth && height <= EarningsTree.MAX_BATCH_HEIGHT && cost(height, payments) < apart) {
      return new Best(
          cost(height, payments), List.of(new Batch(index, height, open)), open, payments, true);
    }
    List<Batch> both = new ArrayList<>(left.batches);
    both.addAll(right.batches);
    return new Best(apart, both, open, payments, worth);
  }

  /** What a message of 2^height leaves costs that pays so many. */
  long cost(int height, int payments) {
    return messageNanoton + (leafNanoton << height) + paymentNanoton * payments;
  }
}
