package org.cocoon.link.registry;

import java.util.List;

/** A cell that was read: up to 1,023 bits and up to four references. Immutable. */
final class Cell {
  private final byte[] data;
  private final int bits;
  private final List<Cell> refs;

  /**
   * Makes one.
   *
   * @param data at least so many bits, the first ones of each byte first; owned by the cell
   */
  Cell(byte[] data, int bits, List<Cell> refs) {
    this.data = data;
    this.bits = bits;
    this.refs = List.copyOf(refs);
  }

  /** Its number of bits. */
  int bits() {
    return bits;
  }

  /** What it refers to. */
  List<Cell> refs() {
    return refs;
  }

  /** Whether a bit is set. */
  boolean bit(int index) {
    return (data[index >> 3] >> (7 - (index & 7)) & 1) == 1;
  }

  /** Begins to read it. */
  CellReader read() {
    return new CellReader(this);
  }
}
