package org.cocoon.devnet.chain;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * A block. It stands for the masterchain's and the basechain's alike.
 *
 * @param seqno number, one more than the block before
 * @param time seconds since 1970
 * @param endLt highest logical time so far
 * @param root hash that names it, 32 bytes
 * @param transactions in the order in which they ran
 */
public record Block(
    long seqno, long time, long endLt, byte[] root, List<TransactionRef> transactions) {
  /** Copies the list. */
  public Block {
    transactions = List.copyOf(transactions);
  }

  /** The block after this one. */
  Block next(long time, long endLt, List<TransactionRef> transactions) {
    MessageDigest sha = sha256();
    sha.update(root);
    sha.update(ByteBuffer.allocate(16).putLong(seqno + 1).putLong(time).array());
    for (TransactionRef transaction : transactions) {
      sha.update(transaction.hashBytes());
    }
    return new Block(seqno + 1, time, endLt, sha.digest(), transactions);
  }

  /** Stands for the hash of the block's file; the devnet has no block files. */
  public byte[] file() {
    return sha256().digest(root);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
