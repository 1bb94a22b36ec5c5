package org.cocoon.devnet.model;

import java.util.Objects;

/** The books of one channel, as the specification says they go. Amounts in nanoTON. */
final class ModelChannel {
  static final int NEW = 0;
  static final int OPEN = 1;
  static final int CLOSING = 2;
  static final int CLOSED = 3;

  private final long delaySeconds;

  int status = NEW;
  long deposited;
  long claimed;
  long withdrawn;
  long pending;
  long unlockAt;

  ModelChannel(long delaySeconds) {
    this.delaySeconds = delaySeconds;
  }

  /** What has been put in and not left it. */
  long locked() {
    return deposited - claimed - withdrawn;
  }

  /** Whether a deposit has to be registered first. */
  boolean opensWithDeposit() {
    return status == NEW || status == CLOSED;
  }

  void deposit(long amount) {
    deposited = Math.addExact(deposited, amount);
    if (opensWithDeposit()) {
      status = OPEN;
      pending = 0;
      unlockAt = 0;
    }
  }

  /** What a claim takes out; 0: it is refused. */
  long claim(long charged, long chargeExpires, long ceiling, long voucherExpires, long now) {
    if ((status != OPEN && status != CLOSING)
        || now > chargeExpires
        || now > voucherExpires
        || charged > ceiling) {
      return 0;
    }
    long most = Math.min(charged, deposited - withdrawn);
    if (most <= claimed) {
      return 0;
    }
    long taken = most - claimed;
    claimed = most;
    return taken;
  }

  boolean withdraw(long amount, long now) {
    if (status != OPEN && !(status == CLOSING && amount == 0)) {
      return false;
    }
    if (amount == 0) {
      status = CLOSING;
      pending = 0;
    } else {
      pending = amount;
    }
    unlockAt = now + delaySeconds;
    return true;
  }

  boolean close(long now) {
    if (status != OPEN) {
      return false;
    }
    status = CLOSING;
    pending = 0;
    unlockAt = now + delaySeconds;
    return true;
  }

  /** What a payout takes out; -1: it is refused. */
  long finish(long now) {
    long paid;
    switch (status) {
      case OPEN -> {
        if (unlockAt == 0 || now < unlockAt) {
          return -1;
        }
        paid = Math.min(pending, locked());
        pending = 0;
        unlockAt = 0;
      }
      case CLOSING -> {
        if (now < unlockAt) {
          return -1;
        }
        paid = locked();
        status = CLOSED;
        unlockAt = 0;
      }
      case CLOSED -> paid = locked();
      default -> {
        return -1;
      }
    }
    withdrawn += paid;
    return paid;
  }

  /** What a release takes out; -1: it is refused. */
  long release(long charged, long newWithdrawn, boolean closes, long expires, long now) {
    if ((status != OPEN && status != CLOSING) || now > expires || claimed < charged) {
      return -1;
    }
    if (newWithdrawn <= withdrawn && !closes) {
      return -1;
    }
    long paid;
    if (closes) {
      paid = locked();
      status = CLOSED;
      pending = 0;
      unlockAt = 0;
    } else {
      paid = newWithdrawn - withdrawn;
      if (paid > locked()) {
        return -1;
      }
    }
    withdrawn += paid;
    return paid;
  }

  /** A payout that came back. */
  void bounced(long amount) {
    withdrawn -= amount;
  }

  /** A claim that settlement refused. */
  void uncollected(long amount) {
    claimed -= amount;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ModelChannel that
        && status == that.status
        && deposited == that.deposited
        && claimed == that.claimed
        && withdrawn == that.withdrawn
        && pending == that.pending
        && unlockAt == that.unlockAt;
  }

  @Override
  public int hashCode() {
    return Objects.hash(status, deposited, claimed, withdrawn, pending, unlockAt);
  }

  @Override
  public String toString() {
    return "channel[status=%d deposited=%d claimed=%d withdrawn=%d pending=%d unlockAt=%d]"
        .formatted(status, deposited, claimed, withdrawn, pending, unlockAt);
  }
}
