package org.cocoon.contracts.ton;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A cell with everything below it: up to 1,023 bits and four references, identified by its hash.
 * Immutable; any thread.
 */
public final class Cell {
  /** The empty cell. */
  public static final Cell EMPTY = new CellWriter().end();

  private final org.ton.java.cell.Cell raw;
  private final byte[] hash;

  Cell(org.ton.java.cell.Cell raw) {
    this.raw = raw;
    this.hash = raw.getHash();
  }

  /**
   * Reads a bag of cells with one root.
   *
   * @param boc within {@link BagOfCells}' bounds
   * @throws IllegalArgumentException if it is anything else, in a sentence
   */
  public static Cell fromBoc(byte[] boc) {
    return BagOfCells.read(boc);
  }

  /** As a bag of cells with a checksum; the same cell always makes the same bytes. */
  public byte[] toBoc() {
    return raw.toBoc(true);
  }

  /** The representation hash, a copy of 32 bytes. */
  public byte[] hash() {
    return hash.clone();
  }

  /** How many levels of cells are below it. */
  public int depth() {
    int[] levels = raw.getDepthLevels();
    return levels[levels.length - 1];
  }

  /** Starts to read it. */
  public CellReader read() {
    return new CellReader(raw);
  }

  /** Whether it has neither bits nor references. */
  public boolean isEmpty() {
    return raw.getBitLength() == 0 && raw.getUsedRefs() == 0;
  }

  org.ton.java.cell.Cell raw() {
    return raw;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Cell that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  /** Its hash. */
  @Override
  public String toString() {
    return "Cell[" + HexFormat.of().formatHex(hash) + "]";
  }
}
