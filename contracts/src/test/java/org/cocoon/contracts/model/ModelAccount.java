package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.Map;

/** An account as the model has it. */
sealed interface ModelAccount permits ModelChannel, ModelSettlement, ModelRegistry, ModelWallet {
  /** The most that the contracts count. */
  BigInteger MAX_AMOUNT = BigInteger.valueOf(Long.MAX_VALUE);

  /**
   * A message that arrives.
   *
   * @param balance with the message's value, after what storage cost
   * @param now in seconds since 1970
   */
  record Arrival(Message message, BigInteger balance, long now) {
    BigInteger value() {
      return message.value();
    }

    /** The balance without the message's value. */
    BigInteger before() {
      return balance.subtract(value());
    }

    boolean isBelow(long nanos) {
      return value().compareTo(BigInteger.valueOf(nanos)) < 0;
    }
  }

  /** Takes a message: changes if it is accepted. */
  Outcome receive(Arrival in);

  /** What the get-method says, field by field. */
  Map<String, String> view();

  /** What it must never hold less than. */
  BigInteger liabilities();

  /** The most gas that a message may need here; with less it may run out of it. */
  long gasBound(Body body);

  static BigInteger big(long amount) {
    return BigInteger.valueOf(amount);
  }
}
