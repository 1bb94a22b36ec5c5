package org.cocoon.contracts.chain;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;
import org.cocoon.contracts.ton.CellWriter;

/**
 * Messages as cells (TL-B {@code Message} in TON's block.tlb), laid out as @ton/core does, so that
 * both make the same hash.
 */
final class Messages {
  private Messages() {}

  /** One that a wallet shall send: the network fills in source, fees and time. */
  static Cell internal(Outgoing outgoing) {
    CellWriter out =
        new CellWriter()
            .bit(false)
            .bit(true)
            .bit(outgoing.bounce())
            .bit(false)
            .noAddress()
            .address(outgoing.to())
            .coins(outgoing.value())
            .bit(false)
            .coins(NanoTon.ZERO)
            .coins(NanoTon.ZERO)
            .uint(0, 64)
            .uint(0, 32);
    Optional<Cell> init = outgoing.init().map(StateInit::toCell);
    out.bit(init.isPresent());
    init.ifPresent(cell -> part(out, cell, out.freeBits() - 2 >= cell.bits()));
    return body(out, outgoing.body()).end();
  }

  /** One from outside. */
  static Cell external(TonAddress to, Optional<StateInit> init, Cell body) {
    CellWriter out =
        new CellWriter().bit(true).bit(false).noAddress().address(to).coins(NanoTon.ZERO);
    Optional<Cell> cell = init.map(StateInit::toCell);
    out.bit(cell.isPresent());
    cell.ifPresent(each -> part(out, each, out.freeBits() - 2 >= each.bits() + body.bits()));
    return body(out, body).end();
  }

  private static CellWriter body(CellWriter out, Cell body) {
    boolean fits =
        out.freeBits() - 1 >= body.bits() && out.freeRefs() >= body.refCount() && !body.exotic();
    return part(out, body, fits);
  }

  /** TL-B {@code Either X ^X}. */
  private static CellWriter part(CellWriter out, Cell cell, boolean here) {
    out.bit(!here);
    return here ? out.content(cell) : out.ref(cell);
  }

  /** Reads one from a transaction. */
  static ChainMessage parse(Cell cell) {
    CellReader in = cell.read();
    if (!in.bit()) {
      return internal(cell, in);
    }
    boolean outgoing = in.bit();
    Optional<TonAddress> source = in.address();
    Optional<TonAddress> destination = in.address();
    if (outgoing) {
      long createdLt = in.bits64();
      in.skip(32);
      return of(ChainMessage.Kind.EXTERNAL_OUT, cell, source, destination, createdLt, rest(in));
    }
    in.coins();
    return of(ChainMessage.Kind.EXTERNAL_IN, cell, source, destination, 0, rest(in));
  }

  private static ChainMessage of(
      ChainMessage.Kind kind,
      Cell cell,
      Optional<TonAddress> source,
      Optional<TonAddress> destination,
      long createdLt,
      Cell body) {
    return new ChainMessage(
        kind,
        cell.hash(),
        source,
        destination,
        NanoTon.ZERO,
        NanoTon.ZERO,
        false,
        false,
        createdLt,
        body);
  }

  private static ChainMessage internal(Cell cell, CellReader in) {
    in.skip(1);
    boolean bounce = in.bit();
    boolean bounced = in.bit();
    Optional<TonAddress> source = in.address();
    Optional<TonAddress> destination = in.address();
    NanoTon value = currencies(in);
    in.coins();
    NanoTon forwardFee = in.coins();
    long createdLt = in.bits64();
    in.skip(32);
    return new ChainMessage(
        ChainMessage.Kind.INTERNAL,
        cell.hash(),
        source,
        destination,
        value,
        forwardFee,
        bounce,
        bounced,
        createdLt,
        rest(in));
  }

  /** Toncoin; other currencies are left out. */
  static NanoTon currencies(CellReader in) {
    NanoTon amount = in.coins();
    in.maybeRef();
    return amount;
  }

  /** Skips what deploys, and finds the body. */
  private static Cell rest(CellReader in) {
    if (in.bit()) {
      if (in.bit()) {
        in.skipRefs(1);
      } else {
        skipInit(in);
      }
    }
    return in.bit() ? in.ref() : in.rest();
  }

  private static void skipInit(CellReader in) {
    if (in.bit()) {
      in.skip(5);
    }
    if (in.bit()) {
      in.skip(2);
    }
    for (int i = 0; i < 3; i++) {
      in.maybeRef();
    }
  }
}
