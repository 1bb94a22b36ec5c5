package org.cocoon.model;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * The leaves of a file's Merkle tree ({@link ModelHash}): they give its hash, and check each block
 * by itself.
 *
 * <p>Kept beside a file as {@code FILE.blocks}: the eight bytes "COCOONB1", the length as eight
 * bytes, big-endian, and the leaves. It needs no trust: its root must be the hash that was asked
 * for. Immutable.
 */
public final class BlockHashes {
  private static final byte[] MAGIC = "COCOONB1".getBytes(US_ASCII);
  private static final int HEADER_BYTES = MAGIC.length + Long.BYTES;

  private final long length;
  private final List<byte[]> leaves;
  private final String root;

  BlockHashes(long length, List<byte[]> leaves) {
    this.length = length;
    this.leaves = List.copyOf(leaves);
    root = ModelHash.root(length, leaves);
  }

  /**
   * Reads a whole file once, on all cores, and hashes it.
   *
   * @param progress told now and then how many bytes are done, from any thread
   * @throws ModelFileException if it cannot be read
   */
  public static BlockHashes of(Path path, LongConsumer progress) {
    try (MappedFile file = MappedFile.open(path)) {
      return of(file, progress);
    }
  }

  /** As {@link #of(Path, LongConsumer)}, on one core: the others are at work. */
  public static BlockHashes onOneCore(Path path, LongConsumer progress) {
    try (MappedFile file = MappedFile.open(path)) {
      return of(file, progress, false);
    }
  }

  static BlockHashes of(MappedFile file, LongConsumer progress) {
    return of(file, progress, true);
  }

  private static BlockHashes of(MappedFile file, LongConsumer progress, boolean onAllCores) {
    int blocks = Math.toIntExact(Math.ceilDiv(file.size(), ModelHash.BLOCK_BYTES));
    byte[][] leaves = new byte[blocks][];
    AtomicLong done = new AtomicLong();
    IntStream all = IntStream.range(0, blocks);
    (onAllCores ? all.parallel() : all)
        .forEach(
            block -> {
              leaves[block] = leaf(file.bytes(), file.size(), block);
              progress.accept(done.addAndGet(blockLength(file.size(), block)));
            });
    return new BlockHashes(file.size(), Arrays.asList(leaves));
  }

  private static int blockLength(long length, int block) {
    return (int) Math.min(ModelHash.BLOCK_BYTES, length - (long) block * ModelHash.BLOCK_BYTES);
  }

  private static byte[] leaf(MemorySegment bytes, long length, int block) {
    MemorySegment slice =
        bytes.asSlice((long) block * ModelHash.BLOCK_BYTES, blockLength(length, block));
    return ModelHash.leaf(ModelHash.sha256(), slice.asByteBuffer());
  }

  /** The file's hash, 64 hexadecimal digits. */
  public String root() {
    return root;
  }

  /** Bytes of the file. */
  public long length() {
    return length;
  }

  /** How many blocks the file has. */
  public int blocks() {
    return leaves.size();
  }

  /** Whether a block of a mapped file is the one that was hashed. */
  boolean matches(MappedFile file, int block) {
    return file.size() == length
        && Arrays.equals(leaves.get(block), leaf(file.bytes(), length, block));
  }

  /** Says in words where these differ from the right ones. */
  String difference(BlockHashes right) {
    if (length != right.length) {
      return "it has " + length + " bytes, not " + right.length;
    }
    long bad = 0;
    int first = -1;
    for (int i = 0; i < leaves.size(); i++) {
      if (!Arrays.equals(leaves.get(i), right.leaves.get(i))) {
        first = first < 0 ? i : first;
        bad++;
      }
    }
    return bad
        + " of its "
        + leaves.size()
        + " blocks of 1 MiB differ, the first at byte "
        + (long) first * ModelHash.BLOCK_BYTES;
  }

  /** Where the block hashes of a file are kept. */
  public static Path beside(Path file) {
    return file.resolveSibling(file.getFileName() + ".blocks");
  }

  /** Writes them, whole or not at all. */
  public void write(Path path) {
    ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + leaves.size() * ModelHash.HASH_BYTES);
    bytes.put(MAGIC).putLong(length);
    leaves.forEach(bytes::put);
    Path part = path.resolveSibling(path.getFileName() + ".part");
    try {
      Files.write(part, bytes.array());
      Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ModelFileException("cannot write " + path + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads block hashes.
   *
   * @throws ModelFileException if it is not such a file
   */
  public static BlockHashes read(Path path) {
    try (MappedFile file = MappedFile.open(path)) {
      ByteBuffer header =
          ByteBuffer.wrap(
              file.slice(0, Math.min(HEADER_BYTES, file.size())).toArray(ValueLayout.JAVA_BYTE));
      if (header.capacity() < HEADER_BYTES
          || !Arrays.equals(MAGIC, Arrays.copyOf(header.array(), MAGIC.length))) {
        throw file.broken("it has no block hashes");
      }
      long length = header.getLong(MAGIC.length);
      long count = Math.ceilDiv(length, (long) ModelHash.BLOCK_BYTES);
      long rest = file.size() - HEADER_BYTES;
      if (length < 0 || rest % ModelHash.HASH_BYTES != 0 || rest / ModelHash.HASH_BYTES != count) {
        throw file.broken("it does not have one hash for each block of " + length + " bytes");
      }
      List<byte[]> leaves = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        leaves.add(
            file.slice(HEADER_BYTES + i * ModelHash.HASH_BYTES, ModelHash.HASH_BYTES)
                .toArray(ValueLayout.JAVA_BYTE));
      }
      return new BlockHashes(length, leaves);
    }
  }
}
