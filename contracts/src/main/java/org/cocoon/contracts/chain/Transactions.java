package org.cocoon.contracts.chain;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;
import org.cocoon.contracts.ton.Dictionary;

/** Reads transactions from cells (TL-B {@code Transaction} in TON's block.tlb). */
final class Transactions {
  private static final int TAG = 0b0111;
  private static final int ORDINARY = 0b0000;
  private static final int MAX_MESSAGES = 1 << 15;
  private static final int MESSAGE_KEY_BITS = 15;

  private Transactions() {}

  /** What the description says. */
  private record Description(Outcome outcome, NanoTon storageFees, long gasUsed) {}

  /** What the compute phase says. */
  private record Computed(Outcome outcome, long gasUsed) {}

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static ChainTransaction parse(Cell cell) {
    CellReader in = cell.read();
    if (in.uint(4) != TAG) {
      throw new IllegalArgumentException("not a transaction");
    }
    TonAddress account = new TonAddress(in.bytes(32));
    long lt = in.bits64();
    byte[] prevHash = in.bytes(32);
    long prevLt = in.bits64();
    long seconds = in.uint(32);
    in.skip(15 + 2 + 2);
    CellReader messages = in.ref().read();
    Optional<ChainMessage> message = messages.maybeRef().map(Messages::parse);
    Map<BigInteger, Cell> sent =
        Dictionary.read(messages.maybeRef(), MESSAGE_KEY_BITS, MAX_MESSAGES, CellReader::ref);
    List<ChainMessage> out = new ArrayList<>();
    sent.values().forEach(each -> out.add(Messages.parse(each)));
    NanoTon totalFees = Messages.currencies(in);
    in.skipRefs(1);
    Description description = description(in.ref().read());
    return new ChainTransaction(
        account,
        lt,
        cell.hash(),
        prevLt,
        prevHash,
        seconds,
        message,
        out,
        totalFees,
        description.storageFees,
        description.gasUsed,
        description.outcome);
  }

  /** Other kinds than ordinary ones are the network's own, and never happen to our contracts. */
  private static Description description(CellReader in) {
    if (in.uint(4) != ORDINARY) {
      return new Description(new Outcome.Skipped(Outcome.Reason.SERVICE), NanoTon.ZERO, 0);
    }
    in.skip(1);
    NanoTon storageFees = in.bit() ? storage(in) : NanoTon.ZERO;
    if (in.bit()) {
      maybeCoins(in);
      Messages.currencies(in);
    }
    Computed computed = compute(in);
    Optional<Cell> action = in.maybeRef();
    boolean aborted = in.bit();
    Outcome outcome = computed.outcome;
    if (outcome instanceof Outcome.Succeeded) {
      outcome = action.map(each -> acted(each.read())).orElse(outcome);
      if (aborted && outcome instanceof Outcome.Succeeded) {
        throw new IllegalArgumentException("a transaction that was aborted for no reason");
      }
    }
    return new Description(outcome, storageFees, computed.gasUsed);
  }

  private static NanoTon storage(CellReader in) {
    NanoTon collected = in.coins();
    maybeCoins(in);
    statusChange(in);
    return collected;
  }

  private static Computed compute(CellReader in) {
    if (!in.bit()) {
      return new Computed(new Outcome.Skipped(reason(in)), 0);
    }
    boolean success = in.bit();
    in.skip(2);
    in.coins();
    CellReader details = in.ref().read();
    long gasUsed = variable(details, 3);
    variable(details, 3);
    if (details.bit()) {
      variable(details, 2);
    }
    details.skip(8);
    int exitCode = details.int32();
    Outcome outcome = success ? new Outcome.Succeeded(0) : new Outcome.Refused(exitCode);
    return new Computed(outcome, gasUsed);
  }

  private static Outcome.Reason reason(CellReader in) {
    return switch ((int) in.uint(2)) {
      case 0 -> Outcome.Reason.NO_STATE;
      case 1 -> Outcome.Reason.BAD_STATE;
      case 2 -> Outcome.Reason.NO_GAS;
      default -> {
        in.skip(1);
        yield Outcome.Reason.SUSPENDED;
      }
    };
  }

  private static Outcome acted(CellReader in) {
    boolean success = in.bit();
    in.skip(2);
    statusChange(in);
    maybeCoins(in);
    maybeCoins(in);
    int resultCode = in.int32();
    if (in.bit()) {
      in.skip(32);
    }
    in.skip(16 + 16);
    int skipped = (int) in.uint(16);
    return success ? new Outcome.Succeeded(skipped) : new Outcome.ActionsFailed(resultCode);
  }

  private static void statusChange(CellReader in) {
    if (in.bit()) {
      in.skip(1);
    }
  }

  private static void maybeCoins(CellReader in) {
    if (in.bit()) {
      in.coins();
    }
  }

  /** TL-B {@code VarUInteger}, with this many bits for the length in bytes. */
  private static long variable(CellReader in, int lengthBits) {
    return in.big((int) in.uint(lengthBits)).longValueExact();
  }
}
