package org.cocoon.devnet.cell;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Writes a cell, from its first bit on. For one thread; throws {@link CellException} if full. */
public final class CellBuilder {
  private static final int LENGTH_BITS = 4;

  private final byte[] data = new byte[(Cell.MAX_BITS + 7) / 8];
  private final List<Cell> refs = new ArrayList<>(Cell.MAX_REFS);
  private int bits;

  /** Appends one bit. */
  public CellBuilder bit(boolean bit) {
    if (bits == Cell.MAX_BITS) {
      throw new CellException("a cell has at most 1023 bits");
    }
    if (bit) {
      data[bits / 8] |= (byte) (0x80 >>> (bits % 8));
    }
    bits++;
    return this;
  }

  /** Appends the lowest bits of a number, most significant first. */
  public CellBuilder number(long value, int width) {
    for (int i = width - 1; i >= 0; i--) {
      bit((value >>> i & 1) != 0);
    }
    return this;
  }

  /** Appends a number of up to 257 bits, in two's complement if negative. */
  public CellBuilder number(BigInteger value, int width) {
    for (int i = width - 1; i >= 0; i--) {
      bit(value.testBit(i));
    }
    return this;
  }

  /** Appends whole bytes. */
  public CellBuilder bytes(byte[] bytes) {
    for (byte b : bytes) {
      number(b, Byte.SIZE);
    }
    return this;
  }

  /** Appends an amount, {@code VarUInteger 16}: nanoTON. */
  public CellBuilder coins(BigInteger amount) {
    if (amount.signum() < 0 || amount.bitLength() > 120) {
      throw new CellException("an amount is from 0 to 2^120 - 1, and this is " + amount);
    }
    int length = (amount.bitLength() + 7) / 8;
    number(length, LENGTH_BITS);
    return number(amount, length * 8);
  }

  /** Appends an address, {@code addr_std} without anycast. */
  public CellBuilder address(Address address) {
    return number(0b100, 3).number(address.workchain(), Byte.SIZE).bytes(address.hash());
  }

  /** Appends what is left of a slice. */
  public CellBuilder slice(CellSlice slice) {
    CellSlice copy = slice.copy();
    while (copy.bitsLeft() > 0) {
      bit(copy.bit());
    }
    while (copy.refsLeft() > 0) {
      ref(copy.ref());
    }
    return this;
  }

  /** Appends a reference. */
  public CellBuilder ref(Cell cell) {
    refs.add(cell);
    return this;
  }

  /** Bits that still fit. */
  public int bitsLeft() {
    return Cell.MAX_BITS - bits;
  }

  /** The cell as it is now. */
  public Cell build() {
    return new Cell(data, bits, refs, false);
  }
}
