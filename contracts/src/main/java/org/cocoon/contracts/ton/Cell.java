package org.cocoon.contracts.ton;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A cell with everything below it: up to 1,023 bits and four references, identified by its hash.
 * Immutable; any thread.
 */
public final class Cell {
  /** The most bits in one. */
  public static final int MAX_BITS = 1_023;

  /** The most references in one. */
  public static final int MAX_REFS = 4;

  /** The most levels of cells below one. */
  public static final int MAX_DEPTH = 1_023;

  /** The empty cell. */
  public static final Cell EMPTY = new CellWriter().end();

  private final boolean exotic;
  private final byte[] data;
  private final int bits;
  private final List<Cell> refs;
  private final CellHashes hashes;

  /**
   * A cell; takes the array over.
   *
   * @param data the bits from the highest of the first byte, the rest of the last byte zero
   * @throws IllegalArgumentException if the machine has no such cell
   */
  Cell(boolean exotic, byte[] data, int bits, List<Cell> refs) {
    if (bits > MAX_BITS || refs.size() > MAX_REFS) {
      throw new IllegalArgumentException("a cell has up to 1,023 bits and 4 references");
    }
    this.exotic = exotic;
    this.data = data;
    this.bits = bits;
    this.refs = List.copyOf(refs);
    this.hashes = CellHashes.of(this);
    if (depth() > MAX_DEPTH) {
      throw new IllegalArgumentException("more than 1,023 levels of cells");
    }
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
    return BagOfCells.write(this);
  }

  /** The representation hash, a copy of 32 bytes. */
  public byte[] hash() {
    return hashes.hash(CellHashes.MAX_LEVEL).clone();
  }

  /** How many levels of cells are below it. */
  public int depth() {
    return hashes.depth(CellHashes.MAX_LEVEL);
  }

  /** Starts to read it. */
  public CellReader read() {
    return new CellReader(this);
  }

  /** Whether it has neither bits nor references. */
  public boolean isEmpty() {
    return bits == 0 && refs.isEmpty();
  }

  /** Whether it is one of the machine's own kinds: a library, or a part of a proof. */
  public boolean exotic() {
    return exotic;
  }

  byte[] data() {
    return data;
  }

  /** How many bits it has itself. */
  public int bits() {
    return bits;
  }

  /** How many references it has. */
  public int refCount() {
    return refs.size();
  }

  List<Cell> refs() {
    return refs;
  }

  CellHashes hashes() {
    return hashes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Cell that
        && Arrays.equals(hashes.hash(CellHashes.MAX_LEVEL), that.hashes.hash(CellHashes.MAX_LEVEL));
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hashes.hash(CellHashes.MAX_LEVEL));
  }

  /** Its hash. */
  @Override
  public String toString() {
    return "Cell[" + HexFormat.of().formatHex(hashes.hash(CellHashes.MAX_LEVEL)) + "]";
  }
}
