package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * The newest block of the masterchain.
 *
 * @param seqno its number
 * @param rootHash its hash, 32 bytes
 */
public record Head(long seqno, byte[] rootHash) {
  /** Checks the bounds and copies the hash. */
  public Head {
    if (seqno < 0 || rootHash.length != 32) {
      throw new IllegalArgumentException("no block has such a number or hash");
    }
    rootHash = rootHash.clone();
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] rootHash() {
    return rootHash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Head that
        && seqno == that.seqno
        && Arrays.equals(rootHash, that.rootHash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(rootHash);
  }

  @Override
  public String toString() {
    return "Head[%d %s]".formatted(seqno, HexFormat.of().formatHex(rootHash));
  }
}
