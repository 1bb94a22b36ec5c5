package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/**
 * An account at one moment.
 *
 * @param address whose
 * @param status whether it has code
 * @param balance with what it owes for storage since its last transaction
 * @param code if it is active
 * @param data if it is active
 * @param lastLt logical time of its last transaction; 0: it had none
 * @param lastHash of that transaction, 32 bytes
 * @param seconds the chain's time of this state, since 1970: the clock against which messages
 *     expire
 */
public record AccountState(
    TonAddress address,
    Status status,
    NanoTon balance,
    Optional<Cell> code,
    Optional<Cell> data,
    long lastLt,
    byte[] lastHash,
    long seconds) {
  /** Whether an account has code. */
  public enum Status {
    /** It never had any. */
    UNINITIALIZED,
    /** It has. */
    ACTIVE,
    /** It had, and did not pay for its storage. */
    FROZEN
  }

  /** Checks the bounds and copies the hash. */
  public AccountState {
    if (lastLt < 0 || seconds < 0 || lastHash.length != 32) {
      throw new IllegalArgumentException("no account has such a last transaction");
    }
    lastHash = lastHash.clone();
  }

  /** Whether it has code. */
  public boolean isActive() {
    return status == Status.ACTIVE;
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] lastHash() {
    return lastHash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AccountState that
        && address.equals(that.address)
        && status == that.status
        && balance.equals(that.balance)
        && code.equals(that.code)
        && data.equals(that.data)
        && lastLt == that.lastLt
        && Arrays.equals(lastHash, that.lastHash)
        && seconds == that.seconds;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(lastHash);
  }
}
