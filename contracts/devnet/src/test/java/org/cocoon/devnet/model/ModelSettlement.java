package org.cocoon.devnet.model;

import java.util.HashMap;
import java.util.Map;

/** The books of one settlement contract, as the specification says they go. Amounts in nanoTON. */
final class ModelSettlement {
  static final int NEW = 0;
  static final int ACTIVE = 1;
  static final int RETIRING = 2;
  static final int SLASHED = 3;
  static final int RELEASED = 4;

  private final long delaySeconds;
  private final long minStake;
  final Map<String, Long> paidTo = new HashMap<>();

  int status = NEW;
  long stake;
  int openChannels;
  long collected;
  long paid;
  long epoch;
  long earned;
  long committedAt;

  ModelSettlement(long delaySeconds, long minStake) {
    this.delaySeconds = delaySeconds;
    this.minStake = minStake;
  }

  boolean stake(long amount) {
    if ((status != NEW && status != ACTIVE) || amount <= 0) {
      return false;
    }
    stake = Math.addExact(stake, amount);
    if (stake >= minStake) {
      status = ACTIVE;
    }
    return true;
  }

  boolean register() {
    if (status != ACTIVE) {
      return false;
    }
    openChannels++;
    return true;
  }

  void unregister() {
    openChannels--;
  }

  boolean collect(long amount) {
    if (status != ACTIVE && status != RETIRING) {
      return false;
    }
    collected = Math.addExact(collected, amount);
    return true;
  }

  boolean commit(long newEpoch, long newEarned, long expires, long now) {
    if ((status != ACTIVE && status != RETIRING)
        || newEpoch != epoch + 1
        || newEarned < earned
        || newEarned > collected
        || now > expires) {
      return false;
    }
    epoch = newEpoch;
    earned = newEarned;
    committedAt = now;
    return true;
  }

  /** What this payee gets of a proved leaf. */
  long payout(String payee, long leaf) {
    long before = paidTo.getOrDefault(payee, 0L);
    if (leaf <= before) {
      return 0;
    }
    paidTo.put(payee, leaf);
    paid += leaf - before;
    return leaf - before;
  }

  /** What the stake comes to; -1: there is nothing to slash. */
  long slash() {
    if ((status != ACTIVE && status != RETIRING) || stake == 0) {
      return -1;
    }
    long gone = stake;
    stake = 0;
    status = SLASHED;
    return gone;
  }

  boolean retire() {
    if (status != ACTIVE) {
      return false;
    }
    status = RETIRING;
    return true;
  }

  /** What goes back to the owner; -1: it is refused. */
  long unstake(long now) {
    if (status != RETIRING || openChannels != 0 || now < committedAt + delaySeconds) {
      return -1;
    }
    long back = stake;
    stake = 0;
    status = RELEASED;
    return back;
  }

  /** What the contract must hold at least. */
  long liabilities() {
    return stake + collected - paid;
  }

  @Override
  public String toString() {
    return "settlement[status=%d stake=%d open=%d collected=%d paid=%d epoch=%d earned=%d]"
        .formatted(status, stake, openChannels, collected, paid, epoch, earned);
  }
}
