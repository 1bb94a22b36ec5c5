package org.cocoon.contracts.ton;

import java.math.BigInteger;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.ton.java.cell.CellSlice;

/**
 * Reads one cell, front to back. Every method throws {@link IllegalArgumentException} if the cell
 * has not what is read. One thread.
 */
public final class CellReader {
  private final CellSlice slice;

  CellReader(org.ton.java.cell.Cell cell) {
    this.slice = CellSlice.beginParse(cell);
  }

  /** An unsigned number of up to 63 bits. */
  public long uint(int bits) {
    if (bits < 1 || bits > 63) {
      throw new IllegalArgumentException("reads 1 to 63 bits, not " + bits);
    }
    need(bits, 0);
    return slice.loadUint(bits).longValueExact();
  }

  /** 64 bits as they are: an unsigned number above 2^63 is a negative one here. */
  public long bits64() {
    need(64, 0);
    return slice.loadUint(64).longValue();
  }

  /** A signed number. */
  public int int32() {
    need(32, 0);
    return slice.loadInt(32).intValueExact();
  }

  /** One bit. */
  public boolean bit() {
    need(1, 0);
    return slice.loadBit();
  }

  /** An unsigned number of up to 256 bits. */
  public BigInteger big(int bits) {
    need(bits, 0);
    return slice.loadUint(bits);
  }

  /** Whole bytes. */
  public byte[] bytes(int count) {
    need(count * 8, 0);
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = slice.loadUint(8).byteValue();
    }
    return bytes;
  }

  /** An amount of Toncoin (VarUInteger 16); more than 2^63 - 1 is refused. */
  public NanoTon coins() {
    int length = (int) uint(4);
    if (length == 0) {
      return NanoTon.ZERO;
    }
    BigInteger amount = big(length * 8);
    if (amount.bitLength() > 63) {
      throw new IllegalArgumentException("more Toncoin than there is: " + amount);
    }
    return new NanoTon(amount.longValueExact());
  }

  /**
   * An account, or none; one outside of the basechain or a rewritten one ({@code addr_var},
   * anycast) is read and counts as none.
   */
  public Optional<TonAddress> address() {
    return switch ((int) uint(2)) {
      case 0 -> Optional.empty();
      case 1 -> {
        skip((int) uint(9));
        yield Optional.empty();
      }
      case 2 -> {
        boolean rewritten = anycast();
        int workchain = (byte) uint(8);
        TonAddress address = new TonAddress(bytes(32));
        yield workchain == 0 && !rewritten ? Optional.of(address) : Optional.empty();
      }
      case 3 -> {
        anycast();
        int length = (int) uint(9);
        int32();
        skip(length);
        yield Optional.empty();
      }
      default -> throw new AssertionError("two bits");
    };
  }

  /** A reference. */
  public Cell ref() {
    need(0, 1);
    return new Cell(slice.loadRef());
  }

  /** A bit, and a reference where it is set. */
  public Optional<Cell> maybeRef() {
    return bit() ? Optional.of(ref()) : Optional.empty();
  }

  /** Leaves bits out. */
  public CellReader skip(int bits) {
    need(bits, 0);
    if (bits > 0) {
      slice.skipBits(bits);
    }
    return this;
  }

  /** Leaves references out. */
  public CellReader skipRefs(int count) {
    need(0, count);
    if (count > 0) {
      slice.skipRefs(count);
    }
    return this;
  }

  /** How many bits are left. */
  public int bitsLeft() {
    return slice.getRestBits();
  }

  /** How many references are left. */
  public int refsLeft() {
    return slice.getRefsCount();
  }

  /** What is left, as a cell of its own. */
  public Cell rest() {
    return new Cell(slice.sliceToCell());
  }

  /** Refuses what is left. */
  public void end() {
    if (bitsLeft() != 0 || refsLeft() != 0) {
      throw new IllegalArgumentException(
          "a cell has more than it should: %d bits, %d references"
              .formatted(bitsLeft(), refsLeft()));
    }
  }

  private boolean anycast() {
    if (!bit()) {
      return false;
    }
    skip((int) uint(5));
    return true;
  }

  private void need(int bits, int refs) {
    if (bits > bitsLeft() || refs > refsLeft()) {
      throw new IllegalArgumentException("a cell has less than it should");
    }
  }
}
