package org.cocoon.devnet.cell;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** Reads a cell, from its first bit on. For one thread; throws {@link CellException} at its end. */
public final class CellSlice {
  private static final int LENGTH_BITS = 4;
  private static final int ADDRESS_NONE = 0;
  private static final int ADDRESS_EXTERNAL = 1;
  private static final int ADDRESS_STANDARD = 2;

  private final Cell cell;
  private int bit;
  private int ref;

  CellSlice(Cell cell) {
    this.cell = cell;
  }

  /** Another slice that stands where this one does. */
  public CellSlice copy() {
    CellSlice copy = new CellSlice(cell);
    copy.bit = bit;
    copy.ref = ref;
    return copy;
  }

  /** Bits that were not read yet. */
  public int bitsLeft() {
    return cell.bits() - bit;
  }

  /** References that were not read yet. */
  public int refsLeft() {
    return cell.refs().size() - ref;
  }

  /** Reads one bit. */
  public boolean bit() {
    if (bit == cell.bits()) {
      throw new CellException("a cell ends too early");
    }
    return cell.bit(bit++) != 0;
  }

  /** Reads an unsigned number of up to 63 bits, or all 64 of one. */
  public long number(int width) {
    if (bitsLeft() < width) {
      throw new CellException("a cell ends too early");
    }
    long value = 0;
    for (int i = 0; i < width; i++) {
      value = value << 1 | cell.bit(bit++);
    }
    return value;
  }

  /** Reads an unsigned number. */
  public BigInteger unsigned(int width) {
    BigInteger value = BigInteger.ZERO;
    for (int i = 0; i < width; i++) {
      value = value.shiftLeft(1);
      if (bit()) {
        value = value.setBit(0);
      }
    }
    return value;
  }

  /** Reads a signed number. */
  public BigInteger signed(int width) {
    BigInteger value = unsigned(width);
    return value.testBit(width - 1) ? value.subtract(BigInteger.ONE.shiftLeft(width)) : value;
  }

  /** Reads whole bytes. */
  public byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) number(Byte.SIZE);
    }
    return bytes;
  }

  /** Reads an amount, {@code VarUInteger 16}: nanoTON. */
  public BigInteger coins() {
    return unsigned((int) number(LENGTH_BITS) * 8);
  }

  /** Reads an address; null where none or an external one stands. */
  public @Nullable Address address() {
    int kind = (int) number(2);
    return switch (kind) {
      case ADDRESS_NONE -> null;
      case ADDRESS_EXTERNAL -> {
        unsigned((int) number(9));
        yield null;
      }
      case ADDRESS_STANDARD -> {
        if (bit()) {
          throw new CellException("an anycast address is not supported");
        }
        yield new Address((byte) number(Byte.SIZE), bytes(Address.HASH_BYTES));
      }
      default -> throw new CellException("an address of variable length is not supported");
    };
  }

  /** Reads a reference. */
  public Cell ref() {
    if (refsLeft() == 0) {
      throw new CellException("a cell lacks a reference");
    }
    return cell.refs().get(ref++);
  }

  /** Reads a bit, and a reference where it is set. */
  public @Nullable Cell maybeRef() {
    return bit() ? ref() : null;
  }

  /** What was not read yet, as a cell of its own. */
  public Cell rest() {
    return new CellBuilder().slice(this).build();
  }

  /** All bits of the cell as bytes; the last one is filled with zeros. */
  public byte[] data() {
    byte[] data = cell.padded();
    if (cell.bits() % 8 != 0) {
      data[data.length - 1] ^= (byte) (0x80 >>> (cell.bits() % 8));
    }
    return data;
  }

  /** Passes over bits. */
  public CellSlice skip(int count) {
    if (bitsLeft() < count) {
      throw new CellException("a cell ends too early");
    }
    bit += count;
    return this;
  }
}
