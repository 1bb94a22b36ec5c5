package org.cocoon.contracts.chain;

/** What became of a {@link SignedExternal}, as far as the chain shows. */
public sealed interface Delivery {
  /**
   * The wallet took it.
   *
   * @param transaction of the wallet: whether its messages were sent is in there, what they did is
   *     in {@link Wallet#trace}
   */
  record Arrived(ChainTransaction transaction) implements Delivery {}

  /**
   * Its time is over, and it is not among the wallet's transactions: it never arrives.
   *
   * @param seconds the chain's time at which this was seen
   */
  record Expired(long seconds) implements Delivery {}

  /**
   * Another message used up its sequence number: it never arrives.
   *
   * @param seqno the wallet's now
   */
  record Superseded(long seqno) implements Delivery {}

  /**
   * Not there yet, and it may still arrive.
   *
   * @param seconds the chain's time at which this was seen
   */
  record Pending(long seconds) implements Delivery {}
}
