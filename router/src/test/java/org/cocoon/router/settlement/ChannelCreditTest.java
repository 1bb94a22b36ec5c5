package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.cocoon.contracts.chain.ChannelContract.Status;
import org.cocoon.router.settlement.ChannelCredit.AccountFunds;
import org.junit.jupiter.api.Test;

class ChannelCreditTest {
  private static final long MARGIN = 100;
  private static final long END = 1_000;
  private static final long MAX = Long.MAX_VALUE;

  private static ChannelBooks books(long deposited, long claimed, long withdrawn, long pending) {
    return new ChannelBooks(Status.OPEN, deposited, claimed, withdrawn, pending, 0);
  }

  private static AccountFunds funds(long prepaid, long credit, long used, long leased) {
    return new AccountFunds(prepaid, 0, credit, used, leased);
  }

  private static ChannelCredit credit(ChannelBooks books, long ceiling, AccountFunds funds) {
    return new ChannelCredit(books, 0, false, ceiling, END, funds);
  }

  @Test
  void givesWhatDepositAndVoucherBothCover() {
    assertEquals(5, credit(books(10, 0, 0, 0), 5, funds(0, 0, 0, 0)).change(0, MARGIN));
    assertEquals(10, credit(books(10, 0, 0, 0), 50, funds(0, 0, 0, 0)).change(0, MARGIN));
    assertEquals(0, credit(books(10, 0, 0, 0), 50, funds(0, 10, 0, 0)).change(0, MARGIN));
  }

  @Test
  void givesNothingMoreNearTheVouchersEnd() {
    ChannelCredit credit = credit(books(10, 2, 0, 0), 10, funds(0, 10, 3, 0));
    assertEquals(0, credit.change(END - MARGIN - 1, MARGIN));
    assertEquals(-7, credit.change(END - MARGIN, MARGIN));
  }

  @Test
  void takesBackAtOnceWhatTheOwnerAskedFor() {
    assertEquals(-4, credit(books(10, 0, 0, 4), 10, funds(0, 10, 0, 0)).change(0, MARGIN));
  }

  @Test
  void takesBackOnlyWhatNobodyUsesOrReserves() {
    ChannelCredit credit = credit(books(10, 0, 0, 10), 10, funds(0, 10, 3, 5));
    assertEquals(-2, credit.change(0, MARGIN));
    assertEquals(3, credit.due());
  }

  @Test
  void countsLeaveAndRequestTogether() {
    // The owner can use the router's leave for 3 first, and then finish its own request for 4.
    ChannelCredit credit =
        new ChannelCredit(books(10, 0, 0, 4), 3, false, 10, END, funds(0, 10, 0, 0));
    assertEquals(-7, credit.change(0, MARGIN));
  }

  @Test
  void spendsPrepaidCreditFirst() {
    assertEquals(0, credit(books(10, 0, 0, 0), 10, funds(5, 10, 5, 0)).due());
    assertEquals(2, credit(books(10, 0, 0, 0), 10, funds(5, 10, 7, 0)).due());
    assertEquals(4, credit(books(10, 4, 0, 0), 10, funds(5, 10, 7, 0)).due());
  }

  @Test
  void refundsOnlyWhatIsSurelyUnspent() {
    assertEquals(5, funds(5, 0, 0, 0).refundable(0));
    assertEquals(1, funds(5, 10, 3, 1).refundable(0));
    assertEquals(4, funds(5, 10, 3, 0).refundable(2));
    assertEquals(0, funds(5, 10, 9, 0).refundable(4));
  }

  @Test
  void holdsAmountsOfAnySize() {
    ChannelCredit all = credit(books(MAX, 0, 0, 0), MAX, funds(0, MAX, 0, 0));
    assertEquals(0, all.change(0, MARGIN));
    assertEquals(MAX, all.releasable());
    ChannelCredit asked =
        new ChannelCredit(books(MAX, 0, MAX, MAX), MAX, false, MAX, END, funds(0, 0, 0, 0));
    assertEquals(0, asked.change(0, MARGIN));
  }

  @Test
  void claimsWhatIsWorthItAndWhatRunsOut() {
    ClaimPolicy policy = new ClaimPolicy(10, 100, MARGIN);
    ChannelCredit large = credit(books(1_000, 0, 0, 0), 1_000, funds(0, 1_000, 100, 0));
    assertTrue(policy.claims(large, 0, true));
    assertFalse(policy.claims(large, 0, false));
    ChannelCredit small = credit(books(1_000, 0, 0, 0), 1_000, funds(0, 1_000, 99, 0));
    assertFalse(policy.claims(small, 0, true));
    assertTrue(policy.claims(small, END - MARGIN, false));
    assertFalse(policy.claims(small, END + 1, false));
    ChannelCredit dust = credit(books(1_000, 0, 0, 0), 1_000, funds(0, 1_000, 9, 0));
    assertFalse(policy.claims(dust, END - MARGIN, true));
  }

  @Test
  void claimsBeforeAChannelUnlocks() {
    ClaimPolicy policy = new ClaimPolicy(10, 100, MARGIN);
    ChannelBooks leaving = new ChannelBooks(Status.CLOSING, 1_000, 0, 0, 0, 500);
    ChannelCredit idle = credit(leaving, 1_000, funds(0, 50, 50, 0));
    assertTrue(policy.claims(idle, 0, false));
    ChannelCredit busy = credit(leaving, 1_000, funds(0, 70, 50, 20));
    assertFalse(policy.claims(busy, 399, false));
    assertTrue(policy.claims(busy, 400, false));
  }

  /**
   * Whatever happens, in whatever order, the channel can always pay what it owes, and no account
   * spends what it has not.
   */
  @Test
  void canAlwaysBeClaimedForWhatIsDue() {
    for (long seed = 0; seed < 5_000; seed++) {
      new History(seed).run();
    }
  }

  /** A channel and an account, with everything that can happen to them. */
  private static final class History {
    private final long seed;
    private final SplittableRandom random;
    private ChannelBooks books = books(0, 0, 0, 0);
    private long released;
    private long ceiling;
    private long prepaid;
    private long credit;
    private long used;
    private long leased;

    History(long seed) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
    }

    void run() {
      for (int step = 0; step < 60; step++) {
        one(random.nextLong(1, 1_000));
        credit += now().change(0, MARGIN);
        check(step);
      }
    }

    private ChannelCredit now() {
      return new ChannelCredit(
          books, released, false, ceiling, END, funds(prepaid, credit, used, leased));
    }

    private void one(long amount) {
      ChannelBooks b = books;
      switch (random.nextInt(9)) {
        case 0 -> books = books(b.deposited() + amount, b.claimed(), b.withdrawn(), b.pending());
        case 1 -> ceiling += amount;
        case 2 -> prepaid += amount;
        case 3 -> leased += Math.min(amount, now().account().spare());
        case 4 -> {
          long cost = Math.min(amount, leased);
          leased -= cost;
          used += cost;
        }
        case 5 -> {
          long claim = Math.min(now().due(), b.deposited() - b.withdrawn());
          books = books(b.deposited(), Math.max(claim, b.claimed()), b.withdrawn(), b.pending());
        }
        case 6 -> books = books(b.deposited(), b.claimed(), b.withdrawn(), amount);
        case 7 -> { // the delay is over, everything due was claimed before
          long claimed = Math.max(b.claimed(), now().due());
          long paid = Math.min(b.pending(), b.deposited() - claimed - b.withdrawn());
          if (leased == 0) {
            books = books(b.deposited(), claimed, b.withdrawn() + paid, 0);
          }
        }
        default -> {
          long most = now().releasable();
          if (most > 0) {
            long wanted = Math.min(amount, most);
            released = Math.max(released, b.withdrawn()) + wanted;
            credit += now().change(0, MARGIN);
            if (random.nextBoolean()) { // used at once
              books =
                  books(b.deposited(), b.claimed(), Math.max(b.withdrawn(), released), b.pending());
            }
          }
        }
      }
    }

    private void check(int step) {
      ChannelCredit now = now();
      String where = "seed " + seed + " step " + step;
      assertTrue(now.account().spare() >= 0, where);
      assertTrue(now.due() <= ceiling, where);
      assertTrue(now.due() <= books.deposited() - books.withdrawn(), where);
      assertTrue(books.claimed() <= now.due(), where);
      assertTrue(credit >= books.claimed(), where);
      assertTrue(
          used <= prepaid + now.due(), () -> where + ": used " + used + " is owed by nobody");
    }
  }
}
