package org.cocoon.link.registry;

import java.util.Optional;

/** Takes a cell's bits and references, each once and in their order. */
final class CellReader {
  private final Cell cell;
  private int bit;
  private int ref;

  CellReader(Cell cell) {
    this.cell = cell;
  }

  int bitsLeft() {
    return cell.bits() - bit;
  }

  int refsLeft() {
    return cell.refs().size() - ref;
  }

  boolean bit() throws MalformedStateException {
    requireBits(1);
    return cell.bit(bit++);
  }

  /** An unsigned number of up to 63 bits. */
  long uint(int bits) throws MalformedStateException {
    requireBits(bits);
    long value = 0;
    for (int i = 0; i < bits; i++) {
      value = value << 1 | (cell.bit(bit++) ? 1 : 0);
    }
    return value;
  }

  byte[] bytes(int count) throws MalformedStateException {
    requireBits(8 * count);
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) uint(8);
    }
    return bytes;
  }

  void skipBits(int count) throws MalformedStateException {
    requireBits(count);
    bit += count;
  }

  Cell ref() throws MalformedStateException {
    if (refsLeft() == 0) {
      throw new MalformedStateException("a cell has too few references");
    }
    return cell.refs().get(ref++);
  }

  /** A bit, and a reference where it is set. */
  Optional<Cell> maybeRef() throws MalformedStateException {
    return bit() ? Optional.of(ref()) : Optional.empty();
  }

  /** Sees that nothing is left. */
  void end() throws MalformedStateException {
    if (bitsLeft() != 0 || refsLeft() != 0) {
      throw new MalformedStateException(
          "a cell has %d bits and %d references too many".formatted(bitsLeft(), refsLeft()));
    }
  }

  private void requireBits(int count) throws MalformedStateException {
    if (bitsLeft() < count) {
      throw new MalformedStateException("a cell has too few bits");
    }
  }
}
