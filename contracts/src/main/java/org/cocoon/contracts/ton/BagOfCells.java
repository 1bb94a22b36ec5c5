package org.cocoon.contracts.ton;

/**
 * The bounds of a bag of cells that is read: what a network's messages, transactions and contracts
 * need, and no more, checked before any cell is made.
 */
final class BagOfCells {
  /** The most bytes. */
  static final int MAX_BYTES = 1 << 20;

  /** The most cells. */
  static final int MAX_CELLS = 8_192;

  /** The most levels of cells. */
  static final int MAX_DEPTH = 1_024;

  private BagOfCells() {}

  static Cell read(byte[] boc) {
    if (boc.length > MAX_BYTES) {
      throw new IllegalArgumentException("a bag of cells has up to " + MAX_BYTES + " bytes");
    }
    try {
      return new Cell(org.ton.java.cell.Cell.fromBoc(boc));
    } catch (RuntimeException | Error e) {
      throw new IllegalArgumentException("not a bag of cells", e);
    }
  }
}
