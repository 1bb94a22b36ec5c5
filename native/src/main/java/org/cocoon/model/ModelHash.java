package org.cocoon.model;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Computes the Merkle hash that names a file's content, as its bytes pass by.
 *
 * <p>The content is cut into blocks of 1 MiB. With H for SHA-256, a leaf is H(0x00, block), a node
 * is H(0x01, left, right) in the tree of RFC 6962 (an odd node moves up alone), and the hash is
 * H(0x02, length as eight bytes, block size as four, root), both big-endian; so neither the length
 * nor the block size can be played with. An empty file's root is H of nothing.
 *
 * <p>Whoever has the leaves can check one block without the rest: see {@link BlockHashes}. One
 * thread uses it.
 */
public final class ModelHash {
  /** Bytes of a block; the last one may be shorter. */
  public static final int BLOCK_BYTES = 1 << 20;

  static final int HASH_BYTES = 32;
  private static final byte LEAF = 0;
  private static final byte NODE = 1;
  private static final byte ROOT = 2;

  private final MessageDigest digest = sha256();
  private final List<byte[]> leaves = new ArrayList<>();
  private long length;

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Takes the next bytes of the content. */
  public void update(byte[] bytes, int offset, int count) {
    int done = 0;
    while (done < count) {
      int inBlock = (int) (length % BLOCK_BYTES);
      if (inBlock == 0) {
        digest.update(LEAF);
      }
      int now = Math.min(count - done, BLOCK_BYTES - inBlock);
      digest.update(bytes, offset + done, now);
      done += now;
      length += now;
      if (inBlock + now == BLOCK_BYTES) {
        leaves.add(digest.digest());
      }
    }
  }

  /** Ends the content; nothing may follow. */
  public BlockHashes finish() {
    if (length % BLOCK_BYTES != 0) {
      leaves.add(digest.digest());
    }
    return new BlockHashes(length, leaves);
  }

  /** The leaf of one block. */
  static byte[] leaf(MessageDigest digest, ByteBuffer block) {
    digest.update(LEAF);
    digest.update(block);
    return digest.digest();
  }

  static String root(long length, List<byte[]> leaves) {
    MessageDigest digest = sha256();
    List<byte[]> level = leaves;
    while (level.size() > 1) {
      List<byte[]> above = new ArrayList<>((level.size() + 1) / 2);
      for (int i = 0; i + 1 < level.size(); i += 2) {
        digest.update(NODE);
        digest.update(level.get(i));
        above.add(digest.digest(level.get(i + 1)));
      }
      if (level.size() % 2 == 1) {
        above.add(level.getLast());
      }
      level = above;
    }
    byte[] tree = level.isEmpty() ? digest.digest() : level.getFirst();
    digest.update(ROOT);
    digest.update(ByteBuffer.allocate(12).putLong(length).putInt(BLOCK_BYTES).array());
    return HexFormat.of().formatHex(digest.digest(tree));
  }
}
