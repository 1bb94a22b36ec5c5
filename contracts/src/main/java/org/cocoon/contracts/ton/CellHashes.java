package org.cocoon.contracts.ton;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A cell's hashes and depths at each level, from its children's (TON's "tvm.pdf", section 3.1).
 *
 * <p>Ordinary cells above no pruned branch have one hash for all levels. Others occur in messages
 * too, as whoever sends one likes: so they are computed as the machine does.
 */
final class CellHashes {
  /** The level of the representation hash. */
  static final int MAX_LEVEL = 3;

  private static final int PRUNED = 1;
  private static final int LIBRARY = 2;
  private static final int MERKLE_PROOF = 3;
  private static final int MERKLE_UPDATE = 4;
  private static final int HASH_BYTES = 32;
  private static final int DEPTH_BYTES = 2;
  private static final int MERKLE_BYTES = 1 + HASH_BYTES + DEPTH_BYTES;

  private final int mask;
  private final byte[][] hashes;
  private final int[] depths;

  private CellHashes(int mask, byte[][] hashes, int[] depths) {
    this.mask = mask;
    this.hashes = hashes;
    this.depths = depths;
  }

  static CellHashes of(Cell cell) {
    if (!cell.exotic()) {
      int mask = 0;
      for (Cell ref : cell.refs()) {
        mask |= ref.hashes().mask;
      }
      return computed(cell, mask, 0);
    }
    if (cell.bits() < 8) {
      throw new IllegalArgumentException("an exotic cell without a type");
    }
    int type = cell.data()[0];
    return switch (type) {
      case PRUNED -> pruned(cell);
      case LIBRARY -> {
        require(cell, 8 * (1 + HASH_BYTES), 0);
        yield computed(cell, 0, 0);
      }
      case MERKLE_PROOF -> {
        require(cell, 8 * MERKLE_BYTES, 1);
        yield computed(cell, cell.refs().getFirst().hashes().mask >> 1, 1);
      }
      case MERKLE_UPDATE -> {
        require(cell, 8 * (2 * MERKLE_BYTES - 1), 2);
        int below = cell.refs().get(0).hashes().mask | cell.refs().get(1).hashes().mask;
        yield computed(cell, below >> 1, 1);
      }
      default -> throw new IllegalArgumentException("an exotic cell of unknown type " + type);
    };
  }

  /** Which levels have a hash of their own: bit 0 for level 1. */
  int mask() {
    return mask;
  }

  /** The hash at a level; not copied. */
  byte[] hash(int level) {
    return hashes[index(level)];
  }

  int depth(int level) {
    return depths[index(level)];
  }

  private int index(int level) {
    return Integer.bitCount(mask & ((1 << level) - 1));
  }

  private static void require(Cell cell, int bits, int refs) {
    if (cell.bits() != bits || cell.refs().size() != refs) {
      throw new IllegalArgumentException("an exotic cell of the wrong size");
    }
  }

  /** Has the lower hashes within itself. */
  private static CellHashes pruned(Cell cell) {
    int mask = cell.bits() >= 16 ? cell.data()[1] : 0;
    int count = Integer.bitCount(mask);
    if (mask < 1 || mask > 7) {
      throw new IllegalArgumentException("a pruned branch of no level");
    }
    require(cell, 8 * (2 + count * (HASH_BYTES + DEPTH_BYTES)), 0);
    byte[][] hashes = new byte[count + 1][];
    int[] depths = new int[count + 1];
    ByteBuffer data = ByteBuffer.wrap(cell.data());
    for (int i = 0; i < count; i++) {
      int at = 2 + i * HASH_BYTES;
      hashes[i] = Arrays.copyOfRange(cell.data(), at, at + HASH_BYTES);
      depths[i] = Short.toUnsignedInt(data.getShort(2 + count * HASH_BYTES + i * DEPTH_BYTES));
    }
    hashes[count] = hash(cell, mask, cell.data(), 0);
    return new CellHashes(mask, hashes, depths);
  }

  /**
   * One hash for each level that has one; above the first, the hash below stands for the data.
   *
   * @param deeper 1 if references are looked at one level higher
   */
  private static CellHashes computed(Cell cell, int mask, int deeper) {
    int count = Integer.bitCount(mask) + 1;
    byte[][] hashes = new byte[count][];
    int[] depths = new int[count];
    int next = 0;
    for (int level = 0; level <= MAX_LEVEL; level++) {
      if (level > 0 && ((mask >> (level - 1)) & 1) == 0) {
        continue;
      }
      byte[] data = next == 0 ? padded(cell.data(), cell.bits()) : hashes[next - 1];
      hashes[next] = hash(cell, mask & ((1 << level) - 1), data, level + deeper);
      for (Cell ref : cell.refs()) {
        int at = Math.min(level + deeper, MAX_LEVEL);
        depths[next] = Math.max(depths[next], ref.hashes().depth(at) + 1);
      }
      next++;
    }
    return new CellHashes(mask, hashes, depths);
  }

  private static byte[] hash(Cell cell, int mask, byte[] data, int refLevel) {
    MessageDigest sha256 = sha256();
    sha256.update((byte) (cell.refs().size() + (cell.exotic() ? 8 : 0) + 32 * mask));
    sha256.update((byte) (cell.bits() / 8 + (cell.bits() + 7) / 8));
    sha256.update(data);
    int level = Math.min(refLevel, MAX_LEVEL);
    for (Cell ref : cell.refs()) {
      int depth = ref.hashes().depth(level);
      sha256.update((byte) (depth >> 8));
      sha256.update((byte) depth);
    }
    for (Cell ref : cell.refs()) {
      sha256.update(ref.hashes().hash(level));
    }
    return sha256.digest();
  }

  /** Bits that do not fill their last byte are followed by a one. */
  static byte[] padded(byte[] data, int bits) {
    if (bits % 8 == 0) {
      return data;
    }
    byte[] padded = data.clone();
    padded[bits / 8] |= (byte) (0x80 >> (bits % 8));
    return padded;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
