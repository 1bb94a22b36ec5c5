package org.cocoon.contracts.ton;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Reads dictionaries of the machine: a prefix tree of cells (TL-B {@code Hashmap n X}). */
public final class Dictionary {
  private Dictionary() {}

  /**
   * All entries in the order of their keys.
   *
   * @param root of it; empty: there are none
   * @param keyBits of every key
   * @param mostEntries that are accepted
   * @param value reads one
   * @throws IllegalArgumentException if it is no such dictionary
   */
  public static <V> Map<BigInteger, V> read(
      Optional<Cell> root, int keyBits, int mostEntries, Function<CellReader, V> value) {
    Map<BigInteger, V> entries = new LinkedHashMap<>();
    root.ifPresent(cell -> visit(cell, BigInteger.ZERO, keyBits, mostEntries, value, entries));
    return entries;
  }

  private static <V> void visit(
      Cell cell,
      BigInteger prefix,
      int bitsLeft,
      int most,
      Function<CellReader, V> value,
      Map<BigInteger, V> entries) {
    CellReader in = cell.read();
    int width = Integer.SIZE - Integer.numberOfLeadingZeros(bitsLeft);
    BigInteger key = prefix;
    int length;
    if (!in.bit()) {
      length = 0;
      while (in.bit()) {
        length++;
      }
      key = bits(in, key, length);
    } else if (!in.bit()) {
      length = width == 0 ? 0 : (int) in.uint(width);
      key = bits(in, key, length);
    } else {
      boolean same = in.bit();
      length = width == 0 ? 0 : (int) in.uint(width);
      BigInteger ones = BigInteger.ONE.shiftLeft(length).subtract(BigInteger.ONE);
      key = key.shiftLeft(length).or(same ? ones : BigInteger.ZERO);
    }
    if (length > bitsLeft) {
      throw new IllegalArgumentException("a dictionary with a key that is too long");
    }
    if (length == bitsLeft) {
      if (entries.size() == most) {
        throw new IllegalArgumentException("a dictionary with more than " + most + " entries");
      }
      entries.put(key, value.apply(in));
      return;
    }
    BigInteger left = key.shiftLeft(1);
    visit(in.ref(), left, bitsLeft - length - 1, most, value, entries);
    visit(in.ref(), left.setBit(0), bitsLeft - length - 1, most, value, entries);
  }

  private static BigInteger bits(CellReader in, BigInteger prefix, int count) {
    BigInteger key = prefix;
    for (int i = 0; i < count; i++) {
      key = key.shiftLeft(1);
      key = in.bit() ? key.setBit(0) : key;
    }
    return key;
  }
}
