package org.cocoon.router.settlement;

import org.cocoon.contracts.chain.ChannelContract.Status;

/**
 * How much an account may spend of its channel. Pure arithmetic; amounts in nanoTON.
 *
 * <p>An account spends what it prepaid first, then what the operator gave it, then its channel. So
 * the channel owes {@code due = max(claimed, used - prepaid - given)}, and what it gives is bounded
 * by what can be claimed: by the voucher and by the deposit, less all that the owner may still take
 * out, on its own or with the router's leave.
 *
 * @param books of the channel
 * @param released the most that the owner may have withdrawn in all with the router's leave
 * @param closing whether leave to close was asked for: nothing more is given
 * @param ceiling of the best voucher
 * @param voucherExpires its end, in seconds since 1970
 * @param account of the ledger
 */
record ChannelCredit(
    ChannelBooks books,
    long released,
    boolean closing,
    long ceiling,
    long voucherExpires,
    AccountFunds account) {
  /**
   * An account in the ledger, cumulative.
   *
   * @param prepaid refunds taken off
   * @param given by the operator
   * @param credit that the channel gave, less what was taken back
   * @param used in all
   * @param leased to routers of what is left
   */
  record AccountFunds(long prepaid, long given, long credit, long used, long leased) {
    /** Of an account that nothing is known of. */
    static final AccountFunds NOTHING = new AccountFunds(0, 0, 0, 0, 0);

    AccountFunds {
      if (prepaid < 0 || given < 0 || credit < 0 || used < 0 || leased < 0) {
        throw new IllegalArgumentException("no account has such books");
      }
    }

    /** What is neither spent nor leased. */
    long spare() {
      return prepaid + given + credit - used - leased;
    }

    /** What of the prepaid credit is surely unspent: where all leased credit is spent, too. */
    long refundable(long claimed) {
      long spent = Math.max(0, used + leased - claimed);
      return Math.max(0, Math.min(spare(), prepaid - spent));
    }
  }

  /** What the channel owes in all, claimed or not; never more than the credit that it gave. */
  long due() {
    return Math.max(
        books.claimed(),
        Math.min(account.credit(), account.used() - account.prepaid() - account.given()));
  }

  /**
   * What the channel should give, as things stand.
   *
   * @param nowSeconds the chain's time, since 1970
   * @param marginSeconds before a voucher's end in which it gives nothing more
   */
  long target(long nowSeconds, long marginSeconds) {
    boolean gives =
        books.status() == Status.OPEN && !closing && nowSeconds < voucherExpires - marginSeconds;
    if (!gives) {
      return books.claimed();
    }
    // First by the router's leave, and then what was asked of the contract: both can happen.
    long leaving = saturated(Math.max(books.withdrawn(), released), books.pending());
    return Math.max(books.claimed(), Math.min(ceiling, books.deposited() - leaving));
  }

  /** What to add to the account's credit (positive), or to take off as far as it is not in use. */
  long change(long nowSeconds, long marginSeconds) {
    long wanted = target(nowSeconds, marginSeconds) - account.credit();
    return wanted >= 0 ? wanted : -Math.min(-wanted, withdrawable());
  }

  /** What is surely unspent of the channel's credit: where all leased credit is spent, too. */
  long withdrawable() {
    return Math.max(0, Math.min(account.spare(), account.credit() - books.claimed()));
  }

  /** What the owner can have with the router's leave: what is unspent, credited or not. */
  long releasable() {
    if (books.status() != Status.OPEN || closing) {
      return 0;
    }
    long leaving = saturated(Math.max(books.withdrawn(), released), books.pending());
    return Math.max(0, books.deposited() - leaving - account.credit()) + withdrawable();
  }

  private static long saturated(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }
}
