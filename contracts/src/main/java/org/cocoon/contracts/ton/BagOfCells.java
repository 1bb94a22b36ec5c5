package org.cocoon.contracts.ton;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Cells as bytes (TL-B {@code serialized_boc#b5ee9c72} in TON's block.tlb): each cell once, after
 * those that refer to it.
 *
 * <p>What is read is bounded: a message has up to 8,192 cells and 256 KiB, and a transaction a
 * message and a little.
 */
final class BagOfCells {
  /** The most bytes that are read. */
  static final int MAX_BYTES = 2 << 20;

  /** The most cells that are read. */
  static final int MAX_CELLS = 16_384;

  private static final int MAGIC = 0xb5ee9c72;
  private static final int HAS_INDEX = 0x80;
  private static final int HAS_CHECKSUM = 0x40;
  private static final int HAS_CACHE_BITS = 0x20;
  private static final int EXOTIC = 8;
  private static final int WITH_HASHES = 16;

  private BagOfCells() {}

  /** What stands before the cells. */
  private record Header(int flags, int refBytes, int cells, int root, int dataBytes) {}

  /** One cell with its references as numbers. */
  private record Draft(boolean exotic, byte[] data, int bits, int[] refs) {}

  static Cell read(byte[] boc) {
    if (boc.length > MAX_BYTES) {
      throw new IllegalArgumentException("a bag of cells has up to " + MAX_BYTES + " bytes");
    }
    try {
      ByteBuffer in = ByteBuffer.wrap(boc);
      Header header = header(in);
      Draft[] drafts = new Draft[header.cells];
      int end = in.position() + header.dataBytes;
      for (int i = 0; i < drafts.length; i++) {
        drafts[i] = draft(in, header, i);
      }
      if (in.position() != end) {
        throw new IllegalArgumentException("a bag of cells of another size than it says");
      }
      checksum(boc, in, header);
      Cell[] cells = new Cell[drafts.length];
      for (int i = drafts.length - 1; i >= 0; i--) {
        List<Cell> refs = new ArrayList<>(Cell.MAX_REFS);
        for (int ref : drafts[i].refs) {
          refs.add(cells[ref]);
        }
        cells[i] = new Cell(drafts[i].exotic, drafts[i].data, drafts[i].bits, refs);
      }
      return cells[header.root];
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a bag of cells that ends too early", e);
    }
  }

  private static Header header(ByteBuffer in) {
    if (in.getInt() != MAGIC) {
      throw new IllegalArgumentException("not a bag of cells");
    }
    int flags = in.get() & 0xff;
    int refBytes = flags & 7;
    int offsetBytes = in.get();
    if (refBytes < 1 || refBytes > 4 || offsetBytes < 1 || offsetBytes > 8) {
      throw new IllegalArgumentException("a bag of cells with numbers of no such size");
    }
    if (((flags & HAS_CACHE_BITS) != 0 && (flags & HAS_INDEX) == 0) || (flags & 0x18) != 0) {
      throw new IllegalArgumentException("a bag of cells with unknown flags");
    }
    int cells = bounded("cells", number(in, refBytes), MAX_CELLS);
    long roots = number(in, refBytes);
    long absent = number(in, refBytes);
    if (roots != 1 || absent != 0 || cells == 0) {
      throw new IllegalArgumentException("a bag of cells with not just one root");
    }
    int dataBytes = bounded("bytes", number(in, offsetBytes), MAX_BYTES);
    int root = bounded("root", number(in, refBytes), cells - 1);
    if ((flags & HAS_INDEX) != 0) {
      skip(in, cells * offsetBytes);
    }
    return new Header(flags, refBytes, cells, root, dataBytes);
  }

  private static Draft draft(ByteBuffer in, Header header, int number) {
    int first = in.get() & 0xff;
    int second = in.get() & 0xff;
    int refCount = first & 7;
    if (refCount > Cell.MAX_REFS) {
      throw new IllegalArgumentException("a cell with " + refCount + " references");
    }
    if ((first & WITH_HASHES) != 0) {
      // Hashes are computed, never believed.
      skip(in, (Integer.bitCount(first >> 5) + 1) * (32 + 2));
    }
    byte[] data = new byte[(second + 1) / 2];
    in.get(data);
    int bits = second / 2 * 8;
    if (second % 2 == 1) {
      int last = data[data.length - 1] & 0xff;
      if (last == 0) {
        throw new IllegalArgumentException("a cell whose bits do not end");
      }
      int padding = Integer.numberOfTrailingZeros(last) + 1;
      bits += 8 - padding;
      data[data.length - 1] = (byte) (last & (last - 1));
      data = padding == 8 ? Arrays.copyOf(data, data.length - 1) : data;
    }
    int[] refs = new int[refCount];
    for (int i = 0; i < refCount; i++) {
      refs[i] = bounded("reference", number(in, header.refBytes), header.cells - 1);
      if (refs[i] <= number) {
        throw new IllegalArgumentException("a cell that refers to one before it");
      }
    }
    return new Draft((first & EXOTIC) != 0, data, bits, refs);
  }

  private static void checksum(byte[] boc, ByteBuffer in, Header header) {
    int end = in.position();
    if ((header.flags & HAS_CHECKSUM) != 0) {
      int said = in.order(ByteOrder.LITTLE_ENDIAN).getInt();
      if (said != crc(boc, end)) {
        throw new IllegalArgumentException("a bag of cells with a wrong checksum");
      }
    }
    if (in.hasRemaining()) {
      throw new IllegalArgumentException("a bag of cells with something behind it");
    }
  }

  static byte[] write(Cell root) {
    Map<Cell, Integer> places = new HashMap<>();
    List<Cell> order = new ArrayList<>();
    visit(root, places, order);
    Collections.reverse(order);
    for (int i = 0; i < order.size(); i++) {
      places.put(order.get(i), i);
    }
    int refBytes = bytesOf(order.size());
    ByteArrayOutputStream cells = new ByteArrayOutputStream();
    for (Cell cell : order) {
      int mask = cell.hashes().mask();
      cells.write(cell.refs().size() + (cell.exotic() ? EXOTIC : 0) + 32 * mask);
      cells.write(cell.bits() / 8 + (cell.bits() + 7) / 8);
      cells.writeBytes(CellHashes.padded(cell.data(), cell.bits()));
      for (Cell ref : cell.refs()) {
        put(cells, places.getOrDefault(ref, 0), refBytes);
      }
    }
    int offsetBytes = bytesOf(cells.size());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, MAGIC, 4);
    out.write(HAS_CHECKSUM | refBytes);
    out.write(offsetBytes);
    put(out, order.size(), refBytes);
    put(out, 1, refBytes);
    put(out, 0, refBytes);
    put(out, cells.size(), offsetBytes);
    put(out, 0, refBytes);
    out.writeBytes(cells.toByteArray());
    byte[] body = out.toByteArray();
    return ByteBuffer.allocate(body.length + Integer.BYTES)
        .put(body)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(crc(body, body.length))
        .array();
  }

  /** Leaves first; the reverse is the order in a bag, the same as @ton/core makes. */
  private static void visit(Cell cell, Map<Cell, Integer> seen, List<Cell> order) {
    if (seen.putIfAbsent(cell, 0) == null) {
      for (Cell ref : cell.refs().reversed()) {
        visit(ref, seen, order);
      }
      order.add(cell);
    }
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static int bytesOf(int number) {
    return Math.max(1, (Integer.SIZE - Integer.numberOfLeadingZeros(number) + 7) / 8);
  }

  private static void put(ByteArrayOutputStream out, int value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
      out.write(value >>> (8 * i));
    }
  }

  private static long number(ByteBuffer in, int bytes) {
    long number = 0;
    for (int i = 0; i < bytes; i++) {
      number = (number << 8) | (in.get() & 0xff);
    }
    return number;
  }

  private static int bounded(String what, long value, int most) {
    if (value < 0 || value > most) {
      throw new IllegalArgumentException(
          "a bag of cells whose %s is %s, and not up to %d"
              .formatted(what, Long.toUnsignedString(value), most));
    }
    return (int) value;
  }

  private static void skip(ByteBuffer in, int bytes) {
    if (bytes > in.remaining()) {
      throw new BufferUnderflowException();
    }
    in.position(in.position() + bytes);
  }
}
