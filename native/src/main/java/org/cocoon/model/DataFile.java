package org.cocoon.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Writes tensors one behind the other and hashes them as they pass, so that nothing is read again.
 *
 * <p>Holds one buffer, whatever the size of the tensors. One thread uses it.
 */
final class DataFile implements AutoCloseable {
  /** Tensors begin on pages, so that a reader can map them. */
  static final int ALIGNMENT = 4096;

  private static final int BUFFER_BYTES = 1 << 20;

  private final FileChannel channel;
  private final ModelHash hash = new ModelHash();
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long written;

  DataFile(Path path) throws IOException {
    channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
  }

  /** Begins a tensor and returns its offset. */
  long align() {
    int padding = (int) (-position() & (ALIGNMENT - 1));
    room(padding).put(new byte[padding]);
    return position();
  }

  private long position() {
    return written + buffer.position();
  }

  /**
   * Room for the next bytes, little-endian: the caller puts so many into it at once.
   *
   * @param bytes at most {@link #BUFFER_BYTES}
   */
  ByteBuffer room(int bytes) {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  /** Writes numbers as a floating point type. */
  void put(OnnxType type, float[] values, int count) {
    int step = BUFFER_BYTES / Float.BYTES;
    if (count <= step) {
      type.encode(values, count, room((int) type.bytes(count)));
      return;
    }
    for (int from = 0; from < count; from += step) {
      float[] part = Arrays.copyOfRange(values, from, Math.min(count, from + step));
      type.encode(part, part.length, room((int) type.bytes(part.length)));
    }
  }

  private void flush() {
    buffer.flip();
    hash.update(buffer.array(), 0, buffer.limit());
    written += buffer.limit();
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    buffer.clear();
  }

  /** Writes out what is left. */
  BlockHashes finish() throws IOException {
    flush();
    channel.force(true);
    return hash.finish();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
