package org.cocoon.contracts.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Optional;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;
import org.cocoon.contracts.ton.CellWriter;

/** Bytes in a chain of cells: 127 in each, the rest in its only reference. */
final class Snake {
  private static final int BYTES_PER_CELL = 127;
  private static final int COMMENT_OP_BYTES = 4;

  private Snake() {}

  /** All bytes from the first cell on. */
  static Cell of(byte[] bytes) {
    return chain(bytes, 0, new CellWriter());
  }

  /** A text with the op of comments before it. */
  static Cell comment(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    return chain(bytes, COMMENT_OP_BYTES, new CellWriter().int32(Op.COMMENT));
  }

  private static Cell chain(byte[] bytes, int taken, CellWriter first) {
    int head = Math.min(bytes.length, BYTES_PER_CELL - taken);
    Optional<Cell> next = Optional.empty();
    for (int end = bytes.length; end > head; ) {
      int from = head + (end - head - 1) / BYTES_PER_CELL * BYTES_PER_CELL;
      CellWriter cell = new CellWriter().bytes(Arrays.copyOfRange(bytes, from, end));
      next.ifPresent(cell::ref);
      next = Optional.of(cell.end());
      end = from;
    }
    first.bytes(Arrays.copyOf(bytes, head));
    next.ifPresent(first::ref);
    return first.end();
  }

  /**
   * Reads such a chain.
   *
   * @param most bytes that are accepted
   * @throws IllegalArgumentException if there are more, or if it is something else
   */
  static byte[] read(Cell cell, int most) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CellReader in = cell.read();
    while (true) {
      if (in.bitsLeft() % 8 != 0 || in.refsLeft() > 1) {
        throw new IllegalArgumentException("not bytes in a chain of cells");
      }
      bytes.writeBytes(in.bytes(in.bitsLeft() / 8));
      if (bytes.size() > most) {
        throw new IllegalArgumentException("more than " + most + " bytes");
      }
      if (in.refsLeft() == 0) {
        return bytes.toByteArray();
      }
      in = in.ref().read();
    }
  }
}
