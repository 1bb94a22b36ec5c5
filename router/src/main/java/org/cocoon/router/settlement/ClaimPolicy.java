package org.cocoon.router.settlement;

import org.cocoon.contracts.chain.ChannelContract.Status;

/**
 * Whether a channel is to be claimed now. Pure; amounts in nanoTON, times in seconds since 1970.
 *
 * <pre>
 *   nothing is due                                        never
 *   it is less than the claim itself costs                never: the router forgives it
 *   with the epoch, and worth it                          now
 *   the voucher, or the channel, gives no more time       now
 *   leave to close was asked for, and nothing is leased   now
 * </pre>
 *
 * @param feeNanoton what a claim costs
 * @param worthNanoton what makes one worth it
 * @param marginSeconds before a voucher's or a channel's end
 */
record ClaimPolicy(long feeNanoton, long worthNanoton, long marginSeconds) {
  ClaimPolicy {
    if (feeNanoton < 0 || worthNanoton < 1 || marginSeconds < 1) {
      throw new IllegalArgumentException("feeNanoton, worthNanoton, marginSeconds: positive");
    }
  }

  /** Whether it is worth to look at the account: what cannot be claimed is most of all channels. */
  boolean mayClaim(Channel channel, long nowSeconds, boolean withEpoch) {
    return channel.given() > channel.books().claimed()
        && (withEpoch
            || channel.closing()
            || channel.books().unlockAt() != 0
            || nowSeconds >= channel.voucher().expires() - marginSeconds);
  }

  /**
   * Decides.
   *
   * @param withEpoch whether an epoch is being made
   */
  boolean claims(ChannelCredit channel, long nowSeconds, boolean withEpoch) {
    ChannelBooks books = channel.books();
    if (books.status() != Status.OPEN && books.status() != Status.CLOSING) {
      return false;
    }
    if (nowSeconds > channel.voucherExpires()) {
      return false; // too late; the margin was there for it
    }
    long open = channel.due() - books.claimed();
    if (open <= 0 || books.locked() == 0 || open < Math.min(feeNanoton, worthNanoton)) {
      return false;
    }
    if (withEpoch && open >= worthNanoton) {
      return true;
    }
    boolean settled = channel.account().leased() == 0;
    boolean leaves = books.unlockAt() != 0 || channel.closing();
    boolean endsSoon =
        nowSeconds >= channel.voucherExpires() - marginSeconds
            || (books.unlockAt() != 0 && nowSeconds >= books.unlockAt() - marginSeconds);
    return endsSoon || (leaves && settled);
  }
}
