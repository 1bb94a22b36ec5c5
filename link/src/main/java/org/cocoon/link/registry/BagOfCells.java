package org.cocoon.link.registry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads a bag of cells with one root, as TON's nodes write an account's data (boc.tlb,
 * serialized_boc#b5ee9c72).
 *
 * <p>Every bound is checked before anything is made. References lead only forwards, so that there
 * is no cycle; a cell that nobody refers to, an exotic cell, and anything after the end are
 * refused.
 */
final class BagOfCells {
  /** The most bytes: a document, an announced one, and a few thousand revocations. */
  static final int MAX_BYTES = 512 * 1024;

  /** The most cells. */
  static final int MAX_CELLS = 16_384;

  /** The most levels, of which a document of the longest length takes 160. */
  static final int MAX_DEPTH = 512;

  private static final int MAGIC = 0xb5ee9c72;
  private static final int HAS_INDEX = 0x80;
  private static final int HAS_CRC = 0x40;
  private static final int HAS_CACHE_BITS = 0x20;
  private static final int RESERVED = 0x18;
  private static final int CRC_BYTES = 4;
  private static final int MAX_REFS = 4;
  private static final int MAX_DATA_BYTES = 128;

  private final byte[] bytes;
  private int at;

  private BagOfCells(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A cell whose references are still numbers. */
  private record Raw(byte[] data, int bits, int[] refs) {}

  /** The root. */
  static Cell root(byte[] bytes) throws MalformedStateException {
    if (bytes.length > MAX_BYTES) {
      throw new MalformedStateException(
          "a bag of cells has %d bytes, more than %d".formatted(bytes.length, MAX_BYTES));
    }
    return new BagOfCells(bytes).root();
  }

  private Cell root() throws MalformedStateException {
    if (number(4) != Integer.toUnsignedLong(MAGIC)) {
      throw new MalformedStateException("a bag of cells begins with b5ee9c72");
    }
    int flags = (int) number(1);
    int refBytes = flags & 7;
    int offsetBytes = (int) number(1);
    if ((flags & RESERVED) != 0
        || (flags & (HAS_INDEX | HAS_CACHE_BITS)) == HAS_CACHE_BITS
        || refBytes < 1
        || refBytes > 4
        || offsetBytes < 1
        || offsetBytes > 8) {
      throw new MalformedStateException("a bag of cells has flags that nobody writes");
    }
    long cells = number(refBytes);
    long roots = number(refBytes);
    long absent = number(refBytes);
    long dataBytes = number(offsetBytes);
    if (cells < 1 || cells > MAX_CELLS || roots != 1 || absent != 0) {
      throw new MalformedStateException(
          "a bag of cells must have 1 to %d cells, one root and no absent cell"
              .formatted(MAX_CELLS));
    }
    if (number(refBytes) != 0) {
      throw new MalformedStateException("the root of a bag of cells must be its first cell");
    }
    long indexBytes = (flags & HAS_INDEX) == 0 ? 0 : cells * offsetBytes;
    int crcBytes = (flags & HAS_CRC) == 0 ? 0 : CRC_BYTES;
    // Compared in this order, as a made-up length of 2^63 would overflow the sum.
    if (dataBytes < 0
        || dataBytes > bytes.length
        || at + indexBytes + dataBytes + crcBytes != bytes.length) {
      throw new MalformedStateException("a bag of cells is longer or shorter than it says");
    }
    at += (int) indexBytes;
    requireCrc(crcBytes);
    return linked(raw((int) cells, refBytes, bytes.length - crcBytes));
  }

  private void requireCrc(int crcBytes) throws MalformedStateException {
    if (crcBytes == 0) {
      return;
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - CRC_BYTES);
    long stated = 0;
    for (int i = 1; i <= CRC_BYTES; i++) {
      stated = stated << 8 | (bytes[bytes.length - i] & 0xff);
    }
    if (crc.getValue() != stated) {
      throw new MalformedStateException("the checksum of a bag of cells does not fit");
    }
  }

  private List<Raw> raw(int cells, int refBytes, int end) throws MalformedStateException {
    List<Raw> read = new ArrayList<>();
    boolean[] referred = new boolean[cells];
    referred[0] = true;
    for (int i = 0; i < cells; i++) {
      if (!referred[i]) {
        throw new MalformedStateException("a bag of cells has a cell that nobody refers to");
      }
      Raw cell = cell(refBytes);
      for (int ref : cell.refs()) {
        if (ref <= i || ref >= cells) {
          throw new MalformedStateException("a cell refers to itself, back, or to no cell");
        }
        referred[ref] = true;
      }
      read.add(cell);
    }
    if (at != end) {
      throw new MalformedStateException("something follows the last cell");
    }
    return read;
  }

  private Raw cell(int refBytes) throws MalformedStateException {
    int refs = (int) number(1);
    if (refs > MAX_REFS) {
      throw new MalformedStateException("a cell is exotic, or has more than four references");
    }
    int size = (int) number(1);
    int length = (size + 1) >> 1;
    if (length > MAX_DATA_BYTES || bytes.length - at < length) {
      throw new MalformedStateException("a cell is cut off");
    }
    byte[] data = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    int bits = 8 * length;
    if ((size & 1) == 1) {
      // An unfinished byte ends with a one and zeros, which are not part of the cell.
      int last = data[length - 1] & 0xff;
      if ((last & 0x7f) == 0) {
        throw new MalformedStateException("a cell's last byte has no end mark");
      }
      bits -= Integer.numberOfTrailingZeros(last) + 1;
    }
    int[] numbers = new int[refs];
    for (int i = 0; i < refs; i++) {
      numbers[i] = (int) Math.min(number(refBytes), Integer.MAX_VALUE);
    }
    return new Raw(data, bits, numbers);
  }

  /** From the last to the first, since references lead forwards. */
  private static Cell linked(List<Raw> raw) throws MalformedStateException {
    Cell[] made = new Cell[raw.size()];
    int[] depths = new int[raw.size()];
    for (int i = raw.size() - 1; i >= 0; i--) {
      Raw cell = raw.get(i);
      List<Cell> refs = new ArrayList<>(cell.refs().length);
      for (int ref : cell.refs()) {
        refs.add(made[ref]);
        depths[i] = Math.max(depths[i], depths[ref] + 1);
      }
      if (depths[i] > MAX_DEPTH) {
        throw new MalformedStateException("cells are nested more than " + MAX_DEPTH + " deep");
      }
      made[i] = new Cell(cell.data(), cell.bits(), refs);
    }
    return made[0];
  }

  /** An unsigned number of up to eight bytes; one of 2^63 or more comes out negative. */
  private long number(int count) throws MalformedStateException {
    if (bytes.length - at < count) {
      throw new MalformedStateException("a bag of cells is cut off");
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value = value << 8 | (bytes[at++] & 0xff);
    }
    return value;
  }
}
