package org.cocoon.link.registry;

import java.time.Instant;
import java.util.Collections;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads what was taken back: a dictionary from 256-bit hashes to the 32-bit time since when
 * (Hashmap 256 uint32 of block.tlb).
 *
 * <p>Every node has a leaf below it and every fork takes a bit of the key, so that the work is
 * bound by the number of leaves, even where cells are shared to make a small bag look large.
 */
final class RevokedHashes {
  /** The most that are read. */
  static final int MAX = 4_096;

  private static final int KEY_BITS = 256;
  private static final int TIME_BITS = 32;

  private final SortedMap<String, Instant> found = new TreeMap<>();
  private final byte[] key = new byte[KEY_BITS / 8];

  private RevokedHashes() {}

  /** Hashes in 64 hexadecimal digits, each with the time at which it was taken back. */
  static SortedMap<String, Instant> read(Cell root) throws MalformedStateException {
    RevokedHashes hashes = new RevokedHashes();
    hashes.node(root, 0);
    return Collections.unmodifiableSortedMap(hashes.found);
  }

  private void node(Cell cell, int from) throws MalformedStateException {
    CellReader in = cell.read();
    int at = from + label(in, from);
    if (at == KEY_BITS) {
      Instant since = Instant.ofEpochSecond(in.uint(TIME_BITS));
      in.end();
      if (found.size() == MAX) {
        throw new MalformedStateException("more than " + MAX + " hashes were taken back");
      }
      found.put(HexFormat.of().formatHex(key), since);
      return;
    }
    Cell left = in.ref();
    Cell right = in.ref();
    in.end();
    set(at, false);
    node(left, at + 1);
    set(at, true);
    node(right, at + 1);
  }

  /** Takes the bits that all keys below share, and says how many. */
  private int label(CellReader in, int from) throws MalformedStateException {
    int most = KEY_BITS - from;
    if (!in.bit()) {
      int length = 0;
      while (in.bit()) {
        length++;
      }
      return copied(in, from, length, most);
    }
    int sizeBits = Integer.SIZE - Integer.numberOfLeadingZeros(most);
    if (!in.bit()) {
      return copied(in, from, (int) in.uint(sizeBits), most);
    }
    boolean same = in.bit();
    int length = (int) in.uint(sizeBits);
    requireFits(length, most);
    for (int i = 0; i < length; i++) {
      set(from + i, same);
    }
    return length;
  }

  private int copied(CellReader in, int from, int length, int most) throws MalformedStateException {
    requireFits(length, most);
    for (int i = 0; i < length; i++) {
      set(from + i, in.bit());
    }
    return length;
  }

  private static void requireFits(int length, int most) throws MalformedStateException {
    if (length > most) {
      throw new MalformedStateException("a dictionary's key is longer than 256 bits");
    }
  }

  private void set(int index, boolean value) {
    int mask = 0x80 >> (index & 7);
    key[index >> 3] = (byte) (value ? key[index >> 3] | mask : key[index >> 3] & ~mask);
  }
}
