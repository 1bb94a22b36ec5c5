package org.cocoon.contracts.chain;

import java.util.Arrays;
import org.cocoon.contracts.TonAddress;

/**
 * A wallet's signed message, ready to be sent any number of times: the wallet does it once, or
 * never after its time.
 *
 * @param wallet whose
 * @param boc what {@link Chain#send} takes
 * @param hash of the message as it is sent, 32 bytes
 * @param bodyHash of what was signed, with its signature, 32 bytes: by it the message is found
 *     again, also if somebody wraps it anew
 * @param seqno the wallet's, which it uses up
 * @param validUntil the first second of the chain's time in which the wallet refuses it
 * @param messages how many the wallet shall send
 */
public record SignedExternal(
    TonAddress wallet,
    byte[] boc,
    byte[] hash,
    byte[] bodyHash,
    long seqno,
    long validUntil,
    int messages) {
  /** Checks the bounds and copies the bytes. */
  public SignedExternal {
    if (hash.length != 32 || bodyHash.length != 32 || seqno < 0 || validUntil < 0 || messages < 0) {
      throw new IllegalArgumentException("no message of a wallet is like this");
    }
    boc = boc.clone();
    hash = hash.clone();
    bodyHash = bodyHash.clone();
  }

  /** A copy. */
  @Override
  public byte[] boc() {
    return boc.clone();
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] bodyHash() {
    return bodyHash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedExternal that && Arrays.equals(boc, that.boc);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }
}
