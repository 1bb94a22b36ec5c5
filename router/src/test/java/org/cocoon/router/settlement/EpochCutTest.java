package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.cocoon.router.settlement.EpochCut.AccountBooks;
import org.cocoon.router.settlement.EpochCut.Payee;
import org.junit.jupiter.api.Test;

class EpochCutTest {
  private static final long MAX = Long.MAX_VALUE;

  private static List<Payee> payees(long... earnedAndCommitted) {
    List<Payee> payees = new ArrayList<>();
    for (int i = 0; i < earnedAndCommitted.length; i += 2) {
      payees.add(new Payee(earnedAndCommitted[i], earnedAndCommitted[i + 1]));
    }
    return payees;
  }

  @Test
  void paysEverybodyWhenAllIsCovered() {
    assertEquals(
        List.of(5L, 95L),
        EpochCut.leaves(payees(5, 0, 95, 0), List.of(new AccountBooks(100, 60, 40)), 100, 0));
  }

  @Test
  void letsTheOperatorWaitForWhatIsNotCovered() {
    assertEquals(
        List.of(2L, 95L),
        EpochCut.leaves(payees(5, 0, 95, 0), List.of(new AccountBooks(100, 0, 97)), 97, 0));
  }

  @Test
  void letsTheOthersWaitByOneFractionWhenTheOperatorIsNotEnough() {
    assertEquals(
        List.of(0L, 30L, 15L, 0L),
        EpochCut.leaves(
            payees(10, 0, 60, 0, 30, 0, 1, 0), List.of(new AccountBooks(101, 0, 46)), 46, 0));
  }

  @Test
  void neverTakesBackWhatWasCommitted() {
    assertEquals(
        List.of(4L, 50L),
        EpochCut.leaves(payees(9, 4, 95, 50), List.of(new AccountBooks(104, 0, 0)), 54, 0));
  }

  @Test
  void keepsPrepaidCreditForItsAccount() {
    // Alice prepaid 100 and used nothing; what Bob used is not paid out of that.
    assertEquals(
        List.of(0L, 0L),
        EpochCut.leaves(
            payees(5, 0, 95, 0),
            List.of(new AccountBooks(0, 100, 0), new AccountBooks(100, 0, 0)),
            100,
            0));
  }

  @Test
  void keepsWhatIsAssignedToNobody() {
    assertEquals(
        List.of(0L, 93L),
        EpochCut.leaves(payees(5, 0, 95, 0), List.of(new AccountBooks(100, 100, 0)), 100, 7));
  }

  @Test
  void staysExactBeyond63Bits() {
    assertEquals(
        List.of(0L, MAX / 2, MAX / 2),
        EpochCut.leaves(
            payees(MAX, 0, MAX, 0, MAX, 0),
            List.of(new AccountBooks(MAX, 0, 0), new AccountBooks(MAX, 0, MAX - 1)),
            MAX - 1,
            0));
  }

  @Test
  void refusesBooksThatShrank() {
    assertThrows(IllegalArgumentException.class, () -> new Payee(4, 5));
    assertThrows(IllegalArgumentException.class, () -> new AccountBooks(-1, 0, 0));
  }

  /** All histories: whatever is used, prepaid, claimed, refunded, each epoch keeps the promises. */
  @Test
  void keepsItsPromisesOverAnyHistory() {
    for (long seed = 0; seed < 3_000; seed++) {
      history(seed);
    }
  }

  private static void history(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int accounts = random.nextInt(1, 5);
    int payees = random.nextInt(1, 6);
    long scale = 1L << random.nextInt(1, 56);
    long[] used = new long[accounts];
    long[] prepaid = new long[accounts];
    long[] claimed = new long[accounts];
    long[] earned = new long[payees];
    long[] committed = new long[payees];
    long collected = 0;
    for (int step = 0; step < 30; step++) {
      int account = random.nextInt(accounts);
      long amount = random.nextLong(scale);
      switch (random.nextInt(5)) {
        case 0 -> {
          long fee = amount / 20;
          used[account] += amount;
          earned[0] += fee;
          earned[random.nextInt(payees)] += amount - fee;
        }
        case 1 -> {
          prepaid[account] += amount;
          collected += amount;
        }
        case 2 -> {
          long due = Math.max(0, used[account] - prepaid[account] - claimed[account]);
          long claim = Math.min(due, amount);
          claimed[account] += claim;
          collected += claim;
        }
        case 3 -> {
          long unspent = Math.max(0, prepaid[account] + claimed[account] - used[account]);
          long refund = Math.min(Math.min(unspent, prepaid[account]), amount);
          prepaid[account] -= refund;
          earned[random.nextInt(payees)] += refund;
        }
        default -> collected += random.nextInt(10) == 0 ? amount : 0; // a stranger's gift
      }
      if (random.nextInt(4) == 0) {
        committed = cut(seed, used, prepaid, claimed, earned, committed, collected);
      }
    }
  }

  private static long[] cut(
      long seed,
      long[] used,
      long[] prepaid,
      long[] claimed,
      long[] earned,
      long[] committed,
      long collected) {
    List<AccountBooks> accounts = new ArrayList<>();
    BigInteger kept = BigInteger.ZERO;
    boolean covered = true;
    for (int i = 0; i < used.length; i++) {
      accounts.add(new AccountBooks(used[i], prepaid[i], claimed[i]));
      covered &= used[i] <= prepaid[i] + claimed[i];
      kept = kept.add(BigInteger.valueOf(Math.max(0, prepaid[i] + claimed[i] - used[i])));
    }
    List<Payee> payees = new ArrayList<>();
    for (int i = 0; i < earned.length; i++) {
      payees.add(new Payee(earned[i], committed[i]));
    }
    List<Long> leaves = EpochCut.leaves(payees, accounts, collected, 0);
    BigInteger total = BigInteger.ZERO;
    for (int i = 0; i < earned.length; i++) {
      assertTrue(leaves.get(i) >= committed[i], () -> "a leaf shrank, seed " + seed);
      assertTrue(leaves.get(i) <= earned[i], () -> "a leaf above what was earned, seed " + seed);
      if (covered) {
        assertEquals(earned[i], leaves.get(i), "all was covered, seed " + seed);
      }
      total = total.add(BigInteger.valueOf(leaves.get(i)));
    }
    assertTrue(
        total.add(kept).compareTo(BigInteger.valueOf(collected)) <= 0,
        () -> "more than was collected, or out of others' credit, seed " + seed);
    return leaves.stream().mapToLong(Long::longValue).toArray();
  }
}
