package org.cocoon.devnet.cell;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A cell: up to 1023 bits and four references (TVM, section 3.1). Ordinary ones, and library cells;
 * proofs are not read here. Immutable, for any thread.
 */
public final class Cell {
  /** Most bits in a cell. */
  public static final int MAX_BITS = 1023;

  /** Most references of a cell. */
  public static final int MAX_REFS = 4;

  /** Deepest tree that contracts may store. */
  public static final int MAX_DEPTH = 1024;

  /** A cell without bits and references. */
  public static final Cell EMPTY = new Cell(new byte[0], 0, List.of(), false);

  private static final int SPECIAL = 8;

  private final byte[] data;
  private final int bits;
  private final List<Cell> refs;
  private final boolean special;
  private final byte[] hash;
  private final int depth;

  /** A cell of the first bits of some bytes, which are copied; bits after them do not count. */
  Cell(byte[] bytes, int bits, List<Cell> refs, boolean special) {
    if (bits > MAX_BITS || refs.size() > MAX_REFS) {
      throw new CellException("a cell has at most 1023 bits and four references");
    }
    this.data = Arrays.copyOf(bytes, (bits + 7) / 8);
    if (bits % 8 != 0) {
      data[data.length - 1] &= (byte) (0xff00 >>> (bits % 8));
    }
    this.bits = bits;
    this.refs = List.copyOf(refs);
    this.special = special;
    int deepest = 0;
    for (Cell ref : refs) {
      deepest = Math.max(deepest, ref.depth + 1);
    }
    if (deepest > MAX_DEPTH) {
      throw new CellException("a tree of cells is deeper than " + MAX_DEPTH);
    }
    this.depth = deepest;
    this.hash = representationHash();
  }

  private byte[] representationHash() {
    MessageDigest sha = sha256();
    sha.update((byte) descriptor1());
    sha.update((byte) descriptor2());
    sha.update(padded());
    for (Cell ref : refs) {
      sha.update((byte) (ref.depth >>> 8));
      sha.update((byte) ref.depth);
    }
    for (Cell ref : refs) {
      sha.update(ref.hash);
    }
    return sha.digest();
  }

  int descriptor1() {
    return refs.size() + (special ? SPECIAL : 0);
  }

  int descriptor2() {
    return bits / 8 + (bits + 7) / 8;
  }

  /** The bits, a one and zeros up to the byte's end where they do not fill it. */
  byte[] padded() {
    byte[] padded = data.clone();
    if (bits % 8 != 0) {
      padded[padded.length - 1] |= (byte) (0x80 >>> (bits % 8));
    }
    return padded;
  }

  /** How many bits it has. */
  public int bits() {
    return bits;
  }

  /** What it refers to, up to four. */
  public List<Cell> refs() {
    return refs;
  }

  /** Longest way down from here; 0 without references. */
  public int depth() {
    return depth;
  }

  /** A copy of the representation's SHA-256, 32 bytes. */
  public byte[] hash() {
    return hash.clone();
  }

  /** The hash in 64 lower-case hexadecimal digits. */
  public String hashHex() {
    return HexFormat.of().formatHex(hash);
  }

  /** Reads it from its first bit. */
  public CellSlice slice() {
    return new CellSlice(this);
  }

  int bit(int index) {
    return data[index / 8] >>> (7 - index % 8) & 1;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Cell that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  @Override
  public String toString() {
    return "Cell(" + bits + " bits, " + refs.size() + " refs, " + hashHex() + ")";
  }
}
