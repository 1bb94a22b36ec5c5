package org.cocoon.devnet.chain;

import java.math.BigInteger;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.cell.CellSlice;
import org.jspecify.annotations.Nullable;

/**
 * A message ({@code Message Any} in block.tlb), read.
 *
 * @param kind internal, or from or to the outside
 * @param cell the whole
 * @param source null for external-in messages
 * @param destination null for external-out messages
 * @param value nanoTON that it carries; 0 for external ones
 * @param bounce whether it comes back if it is refused
 * @param bounced whether it came back
 * @param forwardFee nanoTON paid for its way
 * @param extraFlags what once was the IHR fee
 * @param importFee of an external message
 * @param createdLt logical time of its creation
 * @param createdAt seconds since 1970
 * @param init code and data that come with it
 * @param body what it says
 */
public record Message(
    Kind kind,
    Cell cell,
    @Nullable Address source,
    @Nullable Address destination,
    BigInteger value,
    boolean bounce,
    boolean bounced,
    BigInteger forwardFee,
    BigInteger extraFlags,
    BigInteger importFee,
    long createdLt,
    long createdAt,
    @Nullable Cell init,
    Cell body) {
  /** Where a message comes from and goes to. */
  public enum Kind {
    /** From contract to contract. */
    INTERNAL,
    /** From outside to a contract. */
    EXTERNAL_IN,
    /** From a contract to the outside: an event. */
    EXTERNAL_OUT
  }

  private static final int BOUNCED_BODY_BITS = 256;
  private static final long BOUNCED_OP = 0xffff_ffffL;

  /**
   * Reads one.
   *
   * @throws CellException if the cell is no message
   */
  public static Message read(Cell cell) {
    CellSlice in = cell.slice();
    if (!in.bit()) {
      return internal(cell, in);
    }
    return in.bit() ? externalOut(cell, in) : externalIn(cell, in);
  }

  private static Message internal(Cell cell, CellSlice in) {
    in.bit();
    boolean bounce = in.bit();
    boolean bounced = in.bit();
    Address source = in.address();
    Address destination = in.address();
    BigInteger value = in.coins();
    in.maybeRef();
    BigInteger flags = in.coins();
    BigInteger forwardFee = in.coins();
    long lt = in.number(64);
    long at = in.number(32);
    Cell init = init(in);
    return new Message(
        Kind.INTERNAL,
        cell,
        source,
        destination,
        value,
        bounce,
        bounced,
        forwardFee,
        flags,
        BigInteger.ZERO,
        lt,
        at,
        init,
        body(in));
  }

  private static Message externalIn(Cell cell, CellSlice in) {
    in.address();
    Address destination = in.address();
    BigInteger fee = in.coins();
    Cell init = init(in);
    return new Message(
        Kind.EXTERNAL_IN,
        cell,
        null,
        destination,
        BigInteger.ZERO,
        false,
        false,
        BigInteger.ZERO,
        BigInteger.ZERO,
        fee,
        0,
        0,
        init,
        body(in));
  }

  private static Message externalOut(Cell cell, CellSlice in) {
    Address source = in.address();
    in.address();
    long lt = in.number(64);
    long at = in.number(32);
    Cell init = init(in);
    return new Message(
        Kind.EXTERNAL_OUT,
        cell,
        source,
        null,
        BigInteger.ZERO,
        false,
        false,
        BigInteger.ZERO,
        BigInteger.ZERO,
        BigInteger.ZERO,
        lt,
        at,
        init,
        body(in));
  }

  private static @Nullable Cell init(CellSlice in) {
    if (!in.bit()) {
      return null;
    }
    if (in.bit()) {
      return in.ref();
    }
    CellBuilder init = new CellBuilder();
    boolean depth = in.bit();
    init.bit(depth);
    if (depth) {
      init.number(in.number(5), 5);
    }
    boolean special = in.bit();
    init.bit(special);
    if (special) {
      init.number(in.number(2), 2);
    }
    for (int i = 0; i < 3; i++) {
      Cell ref = in.maybeRef();
      init.bit(ref != null);
      if (ref != null) {
        init.ref(ref);
      }
    }
    return init.build();
  }

  private static Cell body(CellSlice in) {
    return in.bit() ? in.ref() : in.rest();
  }

  /** The address it goes to, of an internal or external-in message. */
  public Address to() {
    if (destination == null) {
      throw new CellException("this message has no destination on the chain");
    }
    return destination;
  }

  /** The first 32 bits of the body; -1 if it is shorter. */
  public long op() {
    CellSlice slice = body.slice();
    return slice.bitsLeft() < 32 ? -1 : slice.number(32);
  }

  /** This internal message as it comes back to its sender, less a fee. */
  Message returned(BigInteger fee, long lt, long at) {
    CellSlice old = body.slice();
    CellBuilder note = new CellBuilder().number(BOUNCED_OP, 32);
    for (int i = 0; i < BOUNCED_BODY_BITS && old.bitsLeft() > 0; i++) {
      note.bit(old.bit());
    }
    if (source == null) {
      throw new CellException("a message without a sender cannot come back");
    }
    BigInteger left = value.subtract(fee).max(BigInteger.ZERO);
    Cell returned =
        envelope(to(), source, left, false, true)
            .coins(BigInteger.ZERO)
            .number(lt, 64)
            .number(at, 32)
            .bit(false)
            .bit(true)
            .ref(note.build())
            .build();
    return read(returned);
  }

  /** The beginning of an internal message, up to its flags; the forward fee comes next. */
  static CellBuilder envelope(
      @Nullable Address source, Address to, BigInteger value, boolean bounce, boolean bounced) {
    CellBuilder builder = new CellBuilder().bit(false).bit(true).bit(bounce).bit(bounced);
    if (source == null) {
      builder.number(0, 2);
    } else {
      builder.address(source);
    }
    return builder.address(to).coins(value).bit(false).coins(BigInteger.ZERO);
  }
}
