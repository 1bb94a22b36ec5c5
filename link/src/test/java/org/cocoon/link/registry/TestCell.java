package org.cocoon.link.registry;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** A cell that is written bit by bit, and bags of such cells as TON's nodes write them. */
final class TestCell {
  private final StringBuilder bits = new StringBuilder();
  private final List<TestCell> refs = new ArrayList<>();

  /** In the bag that is being written. */
  private int number;

  TestCell uint(long value, int count) {
    for (int i = count - 1; i >= 0; i--) {
      bits.append(value >> i & 1);
    }
    return this;
  }

  TestCell bytes(byte[] bytes) {
    for (byte each : bytes) {
      uint(each & 0xff, 8);
    }
    return this;
  }

  TestCell ref(TestCell cell) {
    refs.add(cell);
    return this;
  }

  /** Sets the last bit. */
  TestCell flip() {
    bits.setCharAt(bits.length() - 1, '1');
    return this;
  }

  /** Bytes in a chain of cells. */
  static TestCell snake(byte[] bytes) {
    TestCell first = new TestCell();
    first.bytes(Arrays.copyOf(bytes, Math.min(bytes.length, 127)));
    if (bytes.length > 127) {
      first.ref(snake(Arrays.copyOfRange(bytes, 127, bytes.length)));
    }
    return first;
  }

  /** The data of a registry. */
  static TestCell registry(
      long version,
      long activatesAt,
      TestCell document,
      List<TestCell> pending,
      List<String> revoked) {
    TestCell data =
        new TestCell()
            .uint(0b100, 3)
            .uint(0, 8)
            .bytes(new byte[32]) // admin
            .uint(0, 2) // candidate
            .uint(3_600, 32)
            .uint(version, 32)
            .uint(0, 64)
            .uint(activatesAt, 32)
            .ref(document)
            .uint(pending.size(), 1)
            .uint(revoked.isEmpty() ? 0 : 1, 1);
    pending.forEach(data::ref);
    if (!revoked.isEmpty()) {
      data.ref(hashes(revoked));
    }
    return data;
  }

  /** A dictionary with a time of one second for each hash. */
  static TestCell hashes(List<String> revoked) {
    SortedMap<String, Long> keys = new TreeMap<>();
    for (String hash : revoked) {
      StringBuilder key = new StringBuilder();
      for (byte each : HexFormat.of().parseHex(hash)) {
        key.append(Integer.toBinaryString((each & 0xff) | 0x100).substring(1));
      }
      keys.put(key.toString(), 1L);
    }
    return node(keys, 0);
  }

  private static TestCell node(SortedMap<String, Long> keys, int from) {
    String first = keys.firstKey();
    String last = keys.lastKey();
    int to = from;
    while (to < first.length() && first.charAt(to) == last.charAt(to)) {
      to++;
    }
    TestCell cell = new TestCell();
    int most = first.length() - from;
    cell.uint(0b10, 2).uint(to - from, 32 - Integer.numberOfLeadingZeros(most));
    cell.bits.append(first, from, to);
    if (to == first.length()) {
      return cell.uint(keys.values().iterator().next(), 32);
    }
    String middle = first.substring(0, to) + "1";
    return cell.ref(node(keys.headMap(middle), to + 1)).ref(node(keys.tailMap(middle), to + 1));
  }

  /** The bag whose root it is, with a checksum. */
  byte[] bag() {
    List<TestCell> cells = new ArrayList<>();
    sort(this, Collections.newSetFromMap(new IdentityHashMap<>()), cells);
    Collections.reverse(cells); // each before what it refers to
    for (int i = 0; i < cells.size(); i++) {
      cells.get(i).number = i;
    }
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (TestCell cell : cells) {
      data.writeBytes(cell.descriptors());
      data.writeBytes(cell.data());
      cell.refs.forEach(ref -> data.writeBytes(number(ref.number, 2)));
    }
    ByteArrayOutputStream bag = new ByteArrayOutputStream();
    bag.writeBytes(number(0xb5ee9c72, 4));
    bag.writeBytes(new byte[] {0x42, 4});
    bag.writeBytes(number(cells.size(), 2));
    bag.writeBytes(number(1, 2));
    bag.writeBytes(number(0, 2));
    bag.writeBytes(number(data.size(), 4));
    bag.writeBytes(number(0, 2));
    bag.writeBytes(data.toByteArray());
    return withChecksum(bag.toByteArray());
  }

  static byte[] withChecksum(byte[] bag) {
    CRC32C crc = new CRC32C();
    crc.update(bag);
    byte[] whole = Arrays.copyOf(bag, bag.length + 4);
    for (int i = 0; i < 4; i++) {
      whole[bag.length + i] = (byte) (crc.getValue() >> (8 * i));
    }
    return whole;
  }

  private static void sort(TestCell cell, java.util.Set<TestCell> seen, List<TestCell> sorted) {
    if (seen.add(cell)) {
      cell.refs.forEach(ref -> sort(ref, seen, sorted));
      sorted.add(cell);
    }
  }

  private byte[] descriptors() {
    int full = bits.length() / 8;
    return new byte[] {
      (byte) refs.size(), (byte) (bits.length() % 8 == 0 ? 2 * full : 2 * full + 1)
    };
  }

  private byte[] data() {
    StringBuilder padded = new StringBuilder(bits);
    if (padded.length() % 8 != 0) {
      padded.append('1');
      while (padded.length() % 8 != 0) {
        padded.append('0');
      }
    }
    byte[] data = new byte[padded.length() / 8];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) Integer.parseInt(padded.substring(8 * i, 8 * i + 8), 2);
    }
    return data;
  }

  static byte[] number(long value, int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (value >> (8 * (count - 1 - i)));
    }
    return bytes;
  }
}
