package org.cocoon.contracts.ton;

import java.math.BigInteger;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/**
 * Reads one cell, front to back. Every method throws {@link IllegalArgumentException} if the cell
 * has not what is read. One thread.
 */
public final class CellReader {
  private final Cell cell;
  private int bitsRead;
  private int refsRead;

  CellReader(Cell cell) {
    this.cell = cell;
  }

  /** An unsigned number of 1 to 63 bits. */
  public long uint(int width) {
    if (width < 1 || width > 63) {
      throw new IllegalArgumentException("reads 1 to 63 bits, not " + width);
    }
    return take(width);
  }

  /** 64 bits as they are: an unsigned number of 2^63 and more is a negative one here. */
  public long bits64() {
    return take(64);
  }

  /** A signed number of 32 bits, or any 32 bits. */
  public int int32() {
    return (int) take(32);
  }

  /** One bit. */
  public boolean bit() {
    return take(1) != 0;
  }

  /** Whole bytes. */
  public byte[] bytes(int count) {
    if (count < 0 || count > bitsLeft() / 8) {
      throw tooLittle();
    }
    byte[] bytes = new byte[count];
    if (bitsRead % 8 == 0) {
      System.arraycopy(cell.data(), bitsRead / 8, bytes, 0, count);
      bitsRead += 8 * count;
      return bytes;
    }
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) take(8);
    }
    return bytes;
  }

  /** An unsigned number of whole bytes. */
  public BigInteger big(int count) {
    return new BigInteger(1, bytes(count));
  }

  /** An amount of Toncoin (VarUInteger 16); more than 2^63 - 1 is refused. */
  public NanoTon coins() {
    int length = (int) uint(4);
    if (length == 0) {
      return NanoTon.ZERO;
    }
    BigInteger amount = big(length);
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
    if (refsLeft() == 0) {
      throw tooLittle();
    }
    return cell.refs().get(refsRead++);
  }

  /** A bit, and a reference where it is set. */
  public Optional<Cell> maybeRef() {
    return bit() ? Optional.of(ref()) : Optional.empty();
  }

  /** Leaves bits out. */
  public CellReader skip(int bits) {
    if (bits < 0 || bits > bitsLeft()) {
      throw tooLittle();
    }
    bitsRead += bits;
    return this;
  }

  /** Leaves references out. */
  public CellReader skipRefs(int count) {
    if (count < 0 || count > refsLeft()) {
      throw tooLittle();
    }
    refsRead += count;
    return this;
  }

  /** How many bits are left. */
  public int bitsLeft() {
    return cell.bits() - bitsRead;
  }

  /** How many references are left. */
  public int refsLeft() {
    return cell.refs().size() - refsRead;
  }

  /** What is left, as a cell of its own. */
  public Cell rest() {
    if (bitsRead == 0 && refsRead == 0) {
      return cell;
    }
    CellWriter rest = new CellWriter();
    while (bitsLeft() > 0) {
      int width = Math.min(32, bitsLeft());
      rest.put(take(width), width);
    }
    while (refsLeft() > 0) {
      rest.ref(ref());
    }
    return rest.end();
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

  private long take(int width) {
    if (width > bitsLeft()) {
      throw tooLittle();
    }
    byte[] data = cell.data();
    long value = 0;
    for (int i = 0; i < width; i++) {
      int bit = (data[bitsRead / 8] >> (7 - bitsRead % 8)) & 1;
      value = (value << 1) | bit;
      bitsRead++;
    }
    return value;
  }

  private static IllegalArgumentException tooLittle() {
    return new IllegalArgumentException("a cell has less than it should");
  }
}
