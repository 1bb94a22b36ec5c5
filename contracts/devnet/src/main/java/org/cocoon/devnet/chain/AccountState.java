package org.cocoon.devnet.chain;

import java.math.BigInteger;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.cell.CellSlice;
import org.jspecify.annotations.Nullable;

/**
 * What the chain knows of an account ({@code ShardAccount} in block.tlb). Immutable.
 *
 * @param shard the whole in base64, as the emulator takes and gives it
 * @param status of the account
 * @param balance nanoTON
 * @param code null unless active
 * @param data null unless active
 * @param frozenHash of the state that was frozen; null unless frozen
 * @param lastLt of its last transaction; 0: none
 * @param lastHash of that one
 */
public record AccountState(
    String shard,
    Status status,
    BigInteger balance,
    @Nullable Cell code,
    @Nullable Cell data,
    byte @Nullable [] frozenHash,
    long lastLt,
    byte[] lastHash) {
  /** Whether an account has code. */
  public enum Status {
    /** Nobody sent anything there yet, or it was deleted. */
    NONE,
    /** It has a balance, and no code. */
    UNINITIALIZED,
    /** It has code. */
    ACTIVE,
    /** It owed too much rent. */
    FROZEN
  }

  /** Of an account of which the chain knows nothing. */
  public static final AccountState NONE =
      read(
          Boc.base64(
              new CellBuilder()
                  .ref(new CellBuilder().bit(false).build())
                  .bytes(new byte[32])
                  .number(0, 64)
                  .build()));

  /** Reads what the emulator gives, in base64. */
  static AccountState read(String shard) {
    CellSlice in = Boc.parse(shard).slice();
    CellSlice account = in.ref().slice();
    byte[] lastHash = in.bytes(32);
    long lastLt = in.number(64);
    if (!account.bit()) {
      return new AccountState(
          shard, Status.NONE, BigInteger.ZERO, null, null, null, lastLt, lastHash);
    }
    account.address();
    account.number((int) account.number(3) * 8);
    account.number((int) account.number(3) * 8);
    int extra = (int) account.number(3);
    if (extra == 1) {
      account.skip(256);
    }
    account.number(32);
    if (account.bit()) {
      account.coins();
    }
    account.number(64);
    BigInteger balance = account.coins();
    account.maybeRef();
    if (account.bit()) {
      if (account.bit()) {
        account.skip(5);
      }
      if (account.bit()) {
        account.skip(2);
      }
      Cell code = account.maybeRef();
      Cell data = account.maybeRef();
      return new AccountState(shard, Status.ACTIVE, balance, code, data, null, lastLt, lastHash);
    }
    if (account.bit()) {
      return new AccountState(
          shard, Status.FROZEN, balance, null, null, account.bytes(32), lastLt, lastHash);
    }
    return new AccountState(
        shard, Status.UNINITIALIZED, balance, null, null, null, lastLt, lastHash);
  }

  /** An account that is there from the beginning. */
  static AccountState genesis(Address address, BigInteger balance, Cell code, Cell data, long now) {
    Cell account =
        new CellBuilder()
            .bit(true)
            .address(address)
            .number(0, 3)
            .number(0, 3)
            .number(0, 3)
            .number(now, 32)
            .bit(false)
            .number(0, 64)
            .coins(balance)
            .bit(false)
            .bit(true)
            .number(0, 2)
            .bit(true)
            .ref(code)
            .bit(true)
            .ref(data)
            .bit(false)
            .build();
    return read(
        Boc.base64(new CellBuilder().ref(account).bytes(new byte[32]).number(0, 64).build()));
  }
}
