package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * What all receipts of a batch share: the leaves of their tree and the one signature over its root.
 * With it, each receipt can be made again from its terms, bit for bit, so that nobody needs to
 * store the receipts themselves. Immutable; any thread.
 */
public final class ReceiptBatch {
  private static final int HASH_BYTES = 32;
  private static final byte[] EMPTY = new byte[HASH_BYTES];

  private final byte[] routerKey;
  private final byte[] leaves;
  private final byte[] signature;

  /**
   * A batch that was signed before. Does not verify the signature.
   *
   * @param routerKey Ed25519 public key, 32 bytes; copied
   * @param leaves 32 bytes for each of 1 to {@link Receipt#MAX_BATCH} receipts; copied
   * @param signature of the root, 64 bytes; copied
   */
  public ReceiptBatch(byte[] routerKey, byte[] leaves, byte[] signature) {
    Receipt.length("routerKey", routerKey, Ed25519.PUBLIC_KEY_SIZE);
    Receipt.length("signature", signature, Ed25519.SIGNATURE_SIZE);
    if (leaves.length == 0
        || leaves.length % HASH_BYTES != 0
        || leaves.length / HASH_BYTES > Receipt.MAX_BATCH) {
      throw new IllegalArgumentException("leaves: 32 bytes for each of 1 to 8192 receipts");
    }
    this.routerKey = routerKey.clone();
    this.leaves = leaves.clone();
    this.signature = signature.clone();
  }

  /**
   * Signs a batch: about 30 us of CPU, and 1 us for each receipt.
   *
   * @param all 1 to {@link Receipt#MAX_BATCH}
   */
  public static ReceiptBatch sign(ReceiptKey key, List<ReceiptTerms> all) {
    int size = all.size();
    if (size < 1 || size > Receipt.MAX_BATCH) {
      throw new IllegalArgumentException("a batch has 1 to 8192 receipts, not " + size);
    }
    byte[] publicKey = key.publicKey();
    ByteBuffer leaves = ByteBuffer.allocate(size * HASH_BYTES);
    MessageDigest sha256 = Statement.sha256();
    for (ReceiptTerms terms : all) {
      leaves.put(Receipt.leaf(sha256, terms, publicKey));
    }
    byte[][][] levels = levels(leaves.array());
    byte[] root = levels[levels.length - 1][0];
    return new ReceiptBatch(publicKey, leaves.array(), key.sign(Receipt.signed(root)));
  }

  /** How many receipts. */
  public int size() {
    return leaves.length / HASH_BYTES;
  }

  /**
   * One receipt, as it was when it was signed.
   *
   * @param index of its leaf
   * @param terms what it states
   * @throws IllegalArgumentException if the leaf at this index is of other terms
   */
  public Receipt receipt(int index, ReceiptTerms terms) {
    byte[] leaf = Receipt.leaf(Statement.sha256(), terms, routerKey);
    int at = index * HASH_BYTES;
    if (index < 0
        || index >= size()
        || !Arrays.equals(leaf, 0, HASH_BYTES, leaves, at, at + HASH_BYTES)) {
      throw new IllegalArgumentException("leaf " + index + " of the batch states something else");
    }
    return receipt(levels(leaves), index, terms);
  }

  /**
   * All receipts.
   *
   * @param terms as they were signed, in that order
   */
  public List<Receipt> receipts(List<ReceiptTerms> terms) {
    if (terms.size() != size()) {
      throw new IllegalArgumentException("terms of " + size() + " receipts, not " + terms.size());
    }
    byte[][][] levels = levels(leaves);
    List<Receipt> receipts = new ArrayList<>(terms.size());
    for (int i = 0; i < terms.size(); i++) {
      receipts.add(receipt(levels, i, terms.get(i)));
    }
    return List.copyOf(receipts);
  }

  private Receipt receipt(byte[][][] levels, int index, ReceiptTerms terms) {
    ByteBuffer siblings = ByteBuffer.allocate((levels.length - 1) * HASH_BYTES);
    for (int level = 0; level < levels.length - 1; level++) {
      siblings.put(levels[level][(index >>> level) ^ 1]);
    }
    return new Receipt(terms, routerKey, index, siblings.array(), signature);
  }

  private static byte[][][] levels(byte[] leaves) {
    int size = leaves.length / HASH_BYTES;
    int height = size == 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
    byte[][][] levels = new byte[height + 1][][];
    levels[0] = new byte[1 << height][];
    Arrays.fill(levels[0], EMPTY);
    for (int i = 0; i < size; i++) {
      levels[0][i] = Arrays.copyOfRange(leaves, i * HASH_BYTES, (i + 1) * HASH_BYTES);
    }
    MessageDigest sha256 = Statement.sha256();
    for (int level = 1; level <= height; level++) {
      levels[level] = new byte[1 << (height - level)][];
      for (int i = 0; i < levels[level].length; i++) {
        levels[level][i] =
            Receipt.node(sha256, levels[level - 1][2 * i], levels[level - 1][2 * i + 1]);
      }
    }
    return levels;
  }

  /** A copy of the router's public key, 32 bytes. */
  public byte[] routerKey() {
    return routerKey.clone();
  }

  /** A copy of the leaves, 32 bytes each. */
  public byte[] leaves() {
    return leaves.clone();
  }

  /** A copy of the signature, 64 bytes. */
  public byte[] signature() {
    return signature.clone();
  }
}
