package org.cocoon.devnet.chain;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.cell.CellSlice;
import org.cocoon.devnet.cell.Hashmap;
import org.jspecify.annotations.Nullable;

/**
 * A transaction ({@code Transaction} in block.tlb), read.
 *
 * @param cell the whole; its hash identifies it
 * @param account whose it is
 * @param lt logical time
 * @param previousLt of the account's transaction before; 0: none
 * @param previousHash of that one
 * @param now seconds since 1970
 * @param incoming what caused it
 * @param outgoing what it sent, in order
 * @param totalFees nanoTON
 * @param outcome what happened
 */
public record Transaction(
    Cell cell,
    Address account,
    long lt,
    long previousLt,
    byte[] previousHash,
    long now,
    @Nullable Message incoming,
    List<Message> outgoing,
    BigInteger totalFees,
    Outcome outcome) {
  private static final int TAG = 0b0111;
  private static final int LT_BITS = 64;
  private static final int HASH_BYTES = 32;

  /**
   * What happened in a transaction ({@code TransactionDescr}).
   *
   * @param storageFee nanoTON
   * @param computed whether the contract ran
   * @param skipped why it did not run, in a word; null if it ran
   * @param exitCode of the run
   * @param gasUsed of the run
   * @param gasFee nanoTON
   * @param acted whether there was an action phase
   * @param actionCode its result code
   * @param forwardFee nanoTON of the action phase
   * @param aborted whether nothing of it took place
   */
  public record Outcome(
      BigInteger storageFee,
      boolean computed,
      @Nullable String skipped,
      int exitCode,
      long gasUsed,
      BigInteger gasFee,
      boolean acted,
      int actionCode,
      BigInteger forwardFee,
      boolean aborted) {
    /** Whether the contract ran and did all that it wanted. */
    public boolean succeeded() {
      return computed && !aborted;
    }
  }

  /** Reads one. */
  public static Transaction read(Cell cell, int workchain) {
    CellSlice in = cell.slice();
    if (in.number(4) != TAG) {
      throw new CellException("this cell is no transaction");
    }
    Address account = new Address(workchain, in.bytes(HASH_BYTES));
    long lt = in.number(LT_BITS);
    byte[] previousHash = in.bytes(HASH_BYTES);
    long previousLt = in.number(LT_BITS);
    long now = in.number(32);
    in.skip(15 + 2 + 2);
    CellSlice messages = in.ref().slice();
    Cell incoming = messages.maybeRef();
    List<Message> outgoing = new ArrayList<>();
    Cell out = messages.maybeRef();
    if (out != null) {
      Hashmap.entries(out, 15).values().forEach(s -> outgoing.add(Message.read(s.ref())));
    }
    BigInteger fees = in.coins();
    in.maybeRef();
    in.ref();
    return new Transaction(
        cell,
        account,
        lt,
        previousLt,
        previousHash,
        now,
        incoming == null ? null : Message.read(incoming),
        List.copyOf(outgoing),
        fees,
        outcome(in.ref().slice()));
  }

  private static Outcome outcome(CellSlice in) {
    if (in.number(4) != 0) {
      return new Outcome(
          BigInteger.ZERO,
          false,
          "special",
          0,
          0,
          BigInteger.ZERO,
          false,
          0,
          BigInteger.ZERO,
          false);
    }
    in.bit();
    BigInteger storage = BigInteger.ZERO;
    if (in.bit()) {
      storage = in.coins();
      if (in.bit()) {
        in.coins();
      }
      statusChange(in);
    }
    if (in.bit()) {
      if (in.bit()) {
        in.coins();
      }
      in.coins();
      in.maybeRef();
    }
    boolean computed = in.bit();
    String skipped = null;
    BigInteger gasFee = BigInteger.ZERO;
    long gasUsed = 0;
    int exitCode = 0;
    if (computed) {
      in.skip(3);
      gasFee = in.coins();
      CellSlice vm = in.ref().slice();
      gasUsed = variable(vm, 3);
      variable(vm, 3);
      if (vm.bit()) {
        variable(vm, 2);
      }
      vm.skip(Byte.SIZE);
      exitCode = (int) vm.number(32);
    } else {
      skipped = skipReason(in);
    }
    Cell action = in.maybeRef();
    boolean aborted = in.bit();
    int actionCode = 0;
    BigInteger forwardFee = BigInteger.ZERO;
    if (action != null) {
      CellSlice act = action.slice().skip(3);
      statusChange(act);
      forwardFee = act.bit() ? act.coins() : BigInteger.ZERO;
      if (act.bit()) {
        act.coins();
      }
      actionCode = (int) act.number(32);
    }
    return new Outcome(
        storage,
        computed,
        skipped,
        exitCode,
        gasUsed,
        gasFee,
        action != null,
        actionCode,
        forwardFee,
        aborted);
  }

  private static long variable(CellSlice in, int lengthBits) {
    return in.number((int) in.number(lengthBits) * Byte.SIZE);
  }

  private static void statusChange(CellSlice in) {
    if (in.bit()) {
      in.bit();
    }
  }

  private static String skipReason(CellSlice in) {
    int reason = (int) in.number(2);
    if (reason == 3) {
      in.bit();
    }
    return switch (reason) {
      case 0 -> "no state";
      case 1 -> "bad state";
      case 2 -> "no gas";
      default -> "suspended";
    };
  }
}
