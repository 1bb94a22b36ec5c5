package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file mapped read-only, whatever its size. Little-endian; any thread may read until it is
 * closed.
 *
 * <p>The file must not be cut short while it is mapped: reading a page that is gone is an {@link
 * InternalError}.
 */
final class MappedFile implements AutoCloseable {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final Arena arena;
  private final MemorySegment bytes;

  private MappedFile(Path path, Arena arena, MemorySegment bytes) {
    this.path = path;
    this.arena = arena;
    this.bytes = bytes;
  }

  static MappedFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new ModelFileException("there is no file " + path);
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      MemorySegment bytes =
          size == 0
              ? MemorySegment.NULL
              : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new MappedFile(path, arena, bytes);
    } catch (IOException e) {
      arena.close();
      throw new ModelFileException("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  Path path() {
    return path;
  }

  long size() {
    return bytes.byteSize();
  }

  MemorySegment bytes() {
    return bytes;
  }

  /** A part of the file; the caller has checked that it lies inside. */
  MemorySegment slice(long offset, long length) {
    return bytes.asSlice(offset, length);
  }

  /** Text of checked length at a checked place; refuses what is not UTF-8. */
  String text(long offset, int length) {
    ByteBuffer utf8 = bytes.asSlice(offset, length).asByteBuffer();
    try {
      return UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw broken("the text at byte " + offset + " is not UTF-8");
    }
  }

  /** What is thrown for a file whose content cannot be right. */
  ModelFileException broken(String what) {
    return new ModelFileException(
        path + ": " + what + "; the file is damaged or cut short, so fetch it again");
  }

  @Override
  public void close() {
    arena.close();
  }
}
