package org.cocoon.contracts.ton;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/**
 * Writes one cell, front to back. Every method throws {@link IllegalArgumentException} if the cell
 * is full. One thread.
 */
public final class CellWriter {
  private static final int MAX_COINS_BYTES = 15;

  private final byte[] data = new byte[Cell.MAX_BITS / 8 + 1];
  private final List<Cell> refs = new ArrayList<>(Cell.MAX_REFS);
  private int bits;

  /** An unsigned number of up to 63 bits, in 1 to 64. */
  public CellWriter uint(long value, int width) {
    if (width < 1 || width > 64 || value < 0 || (width < 63 && value >>> width != 0)) {
      throw new IllegalArgumentException(value + " does not fit into " + width + " bits");
    }
    return put(value, width);
  }

  /** 64 bits, as they are: an unsigned number of 2^63 and more is a negative one here. */
  public CellWriter bits64(long value) {
    return put(value, 64);
  }

  /** A signed number of 32 bits, or any 32 bits. */
  public CellWriter int32(int value) {
    return put(value & 0xffff_ffffL, 32);
  }

  /** One bit. */
  public CellWriter bit(boolean value) {
    return put(value ? 1 : 0, 1);
  }

  /** Whole bytes. */
  public CellWriter bytes(byte[] bytes) {
    if (bytes.length * 8 > freeBits()) {
      throw full();
    }
    if (bits % 8 == 0) {
      System.arraycopy(bytes, 0, data, bits / 8, bytes.length);
      bits += 8 * bytes.length;
      return this;
    }
    for (byte each : bytes) {
      put(each & 0xff, 8);
    }
    return this;
  }

  /** An amount of Toncoin (TL-B {@code VarUInteger 16}). */
  public CellWriter coins(NanoTon amount) {
    int bytes = (Long.SIZE - Long.numberOfLeadingZeros(amount.nanos()) + 7) / 8;
    put(bytes, 4);
    return bytes == 0 ? this : put(amount.nanos(), 8 * bytes);
  }

  /** An unsigned number of any size up to 15 bytes (TL-B {@code VarUInteger 16}). */
  public CellWriter coins(BigInteger amount) {
    int bytes = (amount.bitLength() + 7) / 8;
    if (amount.signum() < 0 || bytes > MAX_COINS_BYTES) {
      throw new IllegalArgumentException("no amount of Toncoin: " + amount);
    }
    put(bytes, 4);
    byte[] all = amount.toByteArray();
    return bytes == 0 ? this : bytes(Arrays.copyOfRange(all, all.length - bytes, all.length));
  }

  /** An account: {@code addr_std$10} without anycast, workchain 0. */
  public CellWriter address(TonAddress address) {
    return put(0b100, 3).put(0, 8).bytes(address.hash());
  }

  /** No account: {@code addr_none$00}. */
  public CellWriter noAddress() {
    return put(0, 2);
  }

  /** A reference. */
  public CellWriter ref(Cell below) {
    if (refs.size() == Cell.MAX_REFS) {
      throw full();
    }
    refs.add(below);
    return this;
  }

  /** A bit, and a reference where there is a cell. */
  public CellWriter maybeRef(Optional<Cell> below) {
    bit(below.isPresent());
    below.ifPresent(this::ref);
    return this;
  }

  /** Everything that a cell holds, its bits and its references. */
  public CellWriter content(Cell other) {
    CellReader in = other.read();
    while (in.bitsLeft() > 0) {
      int width = Math.min(32, in.bitsLeft());
      put(in.uint(width), width);
    }
    other.refs().forEach(this::ref);
    return this;
  }

  /** How many bits are free yet. */
  public int freeBits() {
    return Cell.MAX_BITS - bits;
  }

  /** How many references are free yet. */
  public int freeRefs() {
    return Cell.MAX_REFS - refs.size();
  }

  /** What was written. */
  public Cell end() {
    return end(false);
  }

  Cell end(boolean exotic) {
    return new Cell(exotic, Arrays.copyOf(data, (bits + 7) / 8), bits, refs);
  }

  CellWriter put(long value, int width) {
    if (width > freeBits()) {
      throw full();
    }
    for (int i = width - 1; i >= 0; i--) {
      if (((value >>> i) & 1) != 0) {
        data[bits / 8] |= (byte) (0x80 >> (bits % 8));
      }
      bits++;
    }
    return this;
  }

  private static IllegalArgumentException full() {
    return new IllegalArgumentException("more than a cell holds");
  }
}
