package org.cocoon.link.seal;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.cocoon.link.evidence.Digests;

/** How far an answer is, as both ends know it: what the next chunk is bound to. One thread. */
final class Transcript {
  private static final int HASH_BYTES = 32;

  private final MessageDigest sha256 = Digests.of("SHA-256");
  private final ByteBuffer associated = ByteBuffer.allocate(1 + Long.BYTES + HASH_BYTES);
  private byte[] hash;
  private long tokens;

  /** Before the first chunk. */
  Transcript(byte[] promptData) {
    hash = SealedFormat.emptyTranscript(promptData);
  }

  /** The associated data of the next chunk, in an array that the next call overwrites. */
  byte[] associatedData(int header) {
    associated.clear().put((byte) header).putLong(tokens).put(hash);
    return associated.array();
  }

  /** Appends a chunk. */
  void append(byte[] plaintext, int count) {
    sha256.update(hash);
    sha256.update(plaintext);
    hash = sha256.digest();
    tokens += count;
  }
}
