package org.cocoon.devnet.cell;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/** Reads dictionaries ({@code Hashmap n X} in block.tlb). */
public final class Hashmap {
  private Hashmap() {}

  /**
   * All entries, by key, unsigned.
   *
   * @param root of the dictionary, its first edge
   * @param keyBits length of its keys
   * @return the values' slices
   */
  public static Map<BigInteger, CellSlice> entries(Cell root, int keyBits) {
    Map<BigInteger, CellSlice> entries = new TreeMap<>();
    walk(root.slice(), BigInteger.ZERO, keyBits, entries);
    return entries;
  }

  private static void walk(
      CellSlice edge, BigInteger prefix, int left, Map<BigInteger, CellSlice> entries) {
    BigInteger key = prefix;
    int rest = left;
    int sizeBits = Integer.SIZE - Integer.numberOfLeadingZeros(left);
    int length;
    if (!edge.bit()) { // hml_short
      length = 0;
      while (edge.bit()) {
        length++;
      }
      check(length, left);
      key = key.shiftLeft(length).or(edge.unsigned(length));
    } else if (!edge.bit()) { // hml_long
      length = (int) edge.number(sizeBits);
      check(length, left);
      key = key.shiftLeft(length).or(edge.unsigned(length));
    } else { // hml_same
      boolean bit = edge.bit();
      length = (int) edge.number(sizeBits);
      check(length, left);
      key = key.shiftLeft(length);
      if (bit) {
        key = key.or(BigInteger.ONE.shiftLeft(length).subtract(BigInteger.ONE));
      }
    }
    rest -= length;
    if (rest == 0) {
      entries.put(key, edge);
      return;
    }
    walk(edge.ref().slice(), key.shiftLeft(1), rest - 1, entries);
    walk(edge.ref().slice(), key.shiftLeft(1).setBit(0), rest - 1, entries);
  }

  private static void check(int length, int left) {
    if (length > left) {
      throw new CellException("a dictionary's label is longer than its key");
    }
  }
}
