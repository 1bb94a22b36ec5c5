package org.cocoon.link.seal;

import java.util.Arrays;
import org.bouncycastle.crypto.hpke.HPKEContext;

/** What the keys of an answer are derived from; both ends have it of the prompt's HPKE context. */
final class AnswerSecret implements AutoCloseable {
  private final byte[] key;
  private final byte[] encapsulated;

  AnswerSecret(HPKEContext context, byte[] encapsulated) {
    this.key = context.export(SealedFormat.ANSWER_INFO, SealedFormat.SECRET_BYTES);
    this.encapsulated = encapsulated;
  }

  byte[] key() {
    return key;
  }

  byte[] encapsulated() {
    return encapsulated;
  }

  /** Overwrites the secret: no further attempt can be sealed or opened. */
  @Override
  public void close() {
    Arrays.fill(key, (byte) 0);
  }

  @Override
  public String toString() {
    return "AnswerSecret";
  }
}
