package org.cocoon.contracts.ton;

import java.math.BigInteger;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.ton.java.cell.CellBuilder;

/** Writes one cell, front to back. One thread. */
public final class CellWriter {
  private final CellBuilder cell = CellBuilder.beginCell();

  /** An unsigned number of up to 63 bits. */
  public CellWriter uint(long value, int bits) {
    if (bits < 1 || bits > 64 || value < 0 || (bits < 64 && value >>> bits != 0)) {
      throw new IllegalArgumentException(value + " does not fit into " + bits + " bits");
    }
    cell.storeUint(BigInteger.valueOf(value), bits);
    return this;
  }

  /** 64 bits, as they are: an unsigned number above 2^63 is a negative one here. */
  public CellWriter bits64(long value) {
    cell.storeUint(new BigInteger(1, java.nio.ByteBuffer.allocate(8).putLong(value).array()), 64);
    return this;
  }

  /** One bit. */
  public CellWriter bit(boolean value) {
    cell.storeBit(value);
    return this;
  }

  /** A signed number. */
  public CellWriter int32(int value) {
    cell.storeInt(value, 32);
    return this;
  }

  /** Whole bytes. */
  public CellWriter bytes(byte[] bytes) {
    cell.storeBytes(bytes);
    return this;
  }

  /** An amount of Toncoin (VarUInteger 16). */
  public CellWriter coins(NanoTon amount) {
    cell.storeCoins(BigInteger.valueOf(amount.nanos()));
    return this;
  }

  /** An account: {@code addr_std$10} without anycast, workchain 0. */
  public CellWriter address(TonAddress address) {
    return uint(0b100, 3).uint(0, 8).bytes(address.hash());
  }

  /** No account: {@code addr_none$00}. */
  public CellWriter noAddress() {
    return uint(0, 2);
  }

  /** A reference. */
  public CellWriter ref(Cell below) {
    cell.storeRef(below.raw());
    return this;
  }

  /** A bit, and a reference where there is a cell. */
  public CellWriter maybeRef(java.util.Optional<Cell> below) {
    bit(below.isPresent());
    below.ifPresent(this::ref);
    return this;
  }

  /** Everything that a cell holds, its bits and its references. */
  public CellWriter content(Cell other) {
    cell.storeCell(other.raw());
    return this;
  }

  /** How many bits are free yet. */
  public int freeBits() {
    return cell.getFreeBits();
  }

  /** How many references are free yet. */
  public int freeRefs() {
    return cell.getFreeRefs();
  }

  /** What was written. */
  public Cell end() {
    return new Cell(cell.endCell());
  }
}
