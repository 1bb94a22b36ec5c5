package org.cocoon.router.settlement;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * How much of what everybody earned an epoch may commit to. Pure arithmetic; amounts in nanoTON.
 *
 * <p>What clients used is covered by what they prepaid and by what was claimed from their channels.
 * The rest, U, waits: it is too little to be worth a claim, or the operator gave it as a present.
 * The operator waits first, so that workers are paid in full: its leaf is lowered by U. Only if
 * that is not enough does the growth of all other leaves shrink, by one fraction, each rounded
 * down.
 *
 * <pre>
 *   covered of an account = min(used, prepaid + claimed)
 *   unspent of an account = max(0, prepaid + claimed - used)      prepaid credit, kept for it
 *   total &lt;= earned by all - sum(used - covered)
 *   total &lt;= collected - sum(unspent) - unassigned
 *   no leaf ever shrinks
 * </pre>
 *
 * <p>Sums are exact whatever the amounts: they may exceed 63 bits, a leaf never does.
 */
final class EpochCut {
  /**
   * An account at the cut.
   *
   * @param used of what payees earn on the chain
   * @param prepaid refunds taken off
   * @param claimed from its channel, and arrived
   */
  record AccountBooks(long used, long prepaid, long claimed) {
    AccountBooks {
      if (used < 0 || prepaid < 0 || claimed < 0) {
        throw new IllegalArgumentException("no account has such books");
      }
    }
  }

  /**
   * A payee at the cut; the first one is the operator.
   *
   * @param earned so far
   * @param committed of it, in the epoch before
   */
  record Payee(long earned, long committed) {
    Payee {
      if (committed < 0 || earned < committed) {
        throw new IllegalArgumentException(
            "a payee that earned %d and was committed %d".formatted(earned, committed));
      }
    }
  }

  private EpochCut() {}

  /** The leaves, one for each payee. */
  static List<Long> leaves(
      List<Payee> payees, List<AccountBooks> accounts, long collected, long unassigned) {
    BigInteger earned = BigInteger.ZERO;
    BigInteger committed = BigInteger.ZERO;
    for (Payee payee : payees) {
      earned = earned.add(BigInteger.valueOf(payee.earned));
      committed = committed.add(BigInteger.valueOf(payee.committed));
    }
    BigInteger uncovered = BigInteger.ZERO;
    BigInteger kept = BigInteger.valueOf(unassigned);
    for (AccountBooks account : accounts) {
      BigInteger open =
          BigInteger.valueOf(account.used)
              .subtract(BigInteger.valueOf(account.prepaid))
              .subtract(BigInteger.valueOf(account.claimed));
      if (open.signum() > 0) {
        uncovered = uncovered.add(open);
      } else {
        kept = kept.subtract(open);
      }
    }
    BigInteger total =
        earned.subtract(uncovered).min(BigInteger.valueOf(collected).subtract(kept)).max(committed);
    return share(payees, earned, total);
  }

  private static List<Long> share(List<Payee> payees, BigInteger earned, BigInteger total) {
    if (payees.isEmpty()) {
      return List.of();
    }
    Payee operator = payees.getFirst();
    BigInteger first =
        BigInteger.valueOf(operator.earned)
            .subtract(earned.subtract(total))
            .max(BigInteger.valueOf(operator.committed));
    BigInteger room = total.subtract(first);
    BigInteger growth = BigInteger.ZERO;
    for (Payee payee : payees.subList(1, payees.size())) {
      room = room.subtract(BigInteger.valueOf(payee.committed));
      growth = growth.add(BigInteger.valueOf(payee.earned - payee.committed));
    }
    List<Long> leaves = new ArrayList<>(payees.size());
    leaves.add(first.longValueExact());
    for (Payee payee : payees.subList(1, payees.size())) {
      long grown = payee.earned - payee.committed;
      leaves.add(
          growth.compareTo(room) <= 0
              ? payee.earned
              : payee.committed
                  + BigInteger.valueOf(grown).multiply(room).divide(growth).longValueExact());
    }
    return leaves;
  }
}
