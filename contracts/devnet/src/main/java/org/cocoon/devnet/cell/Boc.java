package org.cocoon.devnet.cell;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** Bags of cells with one root, as bytes ({@code serialized_boc} in boc.tlb). */
public final class Boc {
  /** Largest bag that is read, in bytes. */
  public static final int MAX_BYTES = 1 << 20;

  private static final int MAGIC = 0xb5ee9c72;
  private static final int HAS_INDEX = 0x80;
  private static final int HAS_CRC = 0x40;
  private static final int MAX_CELLS = 1 << 16;
  private static final int SPECIAL = 8;
  private static final int WITH_HASHES = 16;
  private static final int LIBRARY_CELL = 2;
  private static final int CRC_BYTES = 4;

  private Boc() {}

  /** Reads a bag in base64, the plain or the URL alphabet. */
  public static Cell parse(String base64) {
    if (base64.length() > 2 * MAX_BYTES) {
      throw new CellException("a bag of cells has at most " + MAX_BYTES + " bytes");
    }
    try {
      return parse(Base64.getDecoder().decode(base64.replace('-', '+').replace('_', '/')));
    } catch (IllegalArgumentException e) {
      throw new CellException("a bag of cells is not base64");
    }
  }

  /** Reads a bag with one root. */
  public static Cell parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw new CellException("a bag of cells has at most " + MAX_BYTES + " bytes");
    }
    try {
      return read(bytes);
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new CellException("a bag of cells ends too early");
    }
  }

  private static Cell read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.remaining() < CRC_BYTES || in.getInt() != MAGIC) {
      throw new CellException("these bytes are no bag of cells: they do not start with b5ee9c72");
    }
    int flags = in.get();
    int refBytes = flags & 7;
    int offsetBytes = in.get();
    if (refBytes < 1 || refBytes > 4 || offsetBytes < 1 || offsetBytes > 8) {
      throw new CellException("a bag of cells has a wrong header");
    }
    if ((flags & HAS_CRC) != 0) {
      checkCrc(bytes);
    }
    int cells = (int) number(in, refBytes);
    long roots = number(in, refBytes);
    number(in, refBytes);
    number(in, offsetBytes);
    if (roots != 1 || cells < 1 || cells > MAX_CELLS || cells > in.remaining()) {
      throw new CellException("a bag has one root and at most " + MAX_CELLS + " cells");
    }
    int root = (int) number(in, refBytes);
    if ((flags & HAS_INDEX) != 0) {
      long skipped = (long) cells * offsetBytes;
      if (skipped > in.remaining()) {
        throw new CellException("a bag of cells ends too early");
      }
      in.position(in.position() + (int) skipped);
    }
    return cells(in, cells, refBytes)[root];
  }

  private static Cell[] cells(ByteBuffer in, int cells, int refBytes) {
    byte[][] data = new byte[cells][];
    int[] bits = new int[cells];
    int[][] refs = new int[cells][];
    boolean[] special = new boolean[cells];
    for (int i = 0; i < cells; i++) {
      int d1 = in.get() & 0xff;
      int d2 = in.get() & 0xff;
      int count = d1 & 7;
      special[i] = (d1 & SPECIAL) != 0;
      if (count > Cell.MAX_REFS || (d1 & WITH_HASHES) != 0 || d1 >> 5 != 0) {
        throw new CellException("a bag holds a cell that is neither ordinary nor a library");
      }
      data[i] = new byte[(d2 + 1) / 2];
      in.get(data[i]);
      bits[i] = bitLength(data[i], d2 % 2 != 0);
      if (special[i] && (data[i].length == 0 || data[i][0] != LIBRARY_CELL)) {
        throw new CellException("a bag holds a cell that is neither ordinary nor a library");
      }
      refs[i] = new int[count];
      for (int j = 0; j < count; j++) {
        refs[i][j] = (int) number(in, refBytes);
        if (refs[i][j] <= i || refs[i][j] >= cells) {
          throw new CellException("a cell refers to one before it");
        }
      }
    }
    Cell[] built = new Cell[cells];
    for (int i = cells - 1; i >= 0; i--) {
      List<Cell> below = Arrays.stream(refs[i]).mapToObj(j -> built[j]).toList();
      built[i] = new Cell(data[i], bits[i], below, special[i]);
    }
    return built;
  }

  private static int bitLength(byte[] data, boolean partial) {
    if (!partial) {
      return data.length * 8;
    }
    int last = data[data.length - 1] & 0xff;
    if (last == 0) {
      throw new CellException("a cell's last byte has no end mark");
    }
    return data.length * 8 - Integer.numberOfTrailingZeros(last) - 1;
  }

  private static void checkCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - CRC_BYTES);
    int stored =
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - CRC_BYTES);
    if (stored != (int) crc.getValue()) {
      throw new CellException("a bag's checksum does not fit");
    }
  }

  private static long number(ByteBuffer in, int bytes) {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value = value << 8 | (in.get() & 0xff);
    }
    return value;
  }

  /** Writes a bag with this root, with a checksum, in base64. */
  public static String base64(Cell root) {
    return Base64.getEncoder().encodeToString(bytes(root));
  }

  /** Writes a bag with this root, with a checksum. */
  public static byte[] bytes(Cell root) {
    List<Cell> order = new ArrayList<>();
    depthFirst(root, order, new HashMap<>());
    Map<Cell, Integer> numbers = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      numbers.put(order.get(i), order.size() - 1 - i);
    }
    int refBytes = order.size() < 1 << 8 ? 1 : order.size() < 1 << 16 ? 2 : 3;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (Cell cell : order.reversed()) {
      body.write(cell.descriptor1());
      body.write(cell.descriptor2());
      body.writeBytes(cell.padded());
      for (Cell ref : cell.refs()) {
        write(body, numbers.getOrDefault(ref, 0), refBytes);
      }
    }
    int offsetBytes = 4;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    write(out, MAGIC, 4);
    out.write(HAS_CRC | refBytes);
    out.write(offsetBytes);
    write(out, order.size(), refBytes);
    write(out, 1, refBytes);
    write(out, 0, refBytes);
    write(out, body.size(), offsetBytes);
    write(out, 0, refBytes);
    out.writeBytes(body.toByteArray());
    CRC32C crc = new CRC32C();
    crc.update(out.toByteArray());
    write(out, Integer.reverseBytes((int) crc.getValue()), CRC_BYTES);
    return out.toByteArray();
  }

  /** Children first, each cell once. */
  private static void depthFirst(Cell cell, List<Cell> order, Map<Cell, Boolean> seen) {
    if (seen.putIfAbsent(cell, true) != null) {
      return;
    }
    for (Cell ref : cell.refs()) {
      depthFirst(ref, order, seen);
    }
    order.add(cell);
  }

  private static void write(ByteArrayOutputStream out, int value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
      out.write(value >>> (8 * i));
    }
  }
}
