package org.cocoon.link.seal;

import static org.cocoon.link.seal.SealedFormat.FIRST_OF_ATTEMPT;
import static org.cocoon.link.seal.SealedFormat.LAST_OF_ANSWER;
import static org.cocoon.link.seal.SealedFormat.MAX_CHUNK_BYTES;
import static org.cocoon.link.seal.SealedFormat.SALT_BYTES;
import static org.cocoon.link.seal.SealedFormat.TAG_BYTES;
import static org.cocoon.link.seal.SealedFormat.VERSION_BITS;

import org.cocoon.link.wire.PrivateTokens;

/** Seals one worker's part of an answer, chunk by chunk. One thread at a time. */
public final class AnswerSealer {
  private final Attempt attempt;
  private final byte[] salt;
  private final Transcript transcript;
  private boolean begun;
  private boolean ended;

  AnswerSealer(AnswerSecret secret, byte[] salt, Transcript transcript) {
    this.attempt = Attempt.sealing(secret, salt);
    this.salt = salt;
    this.transcript = transcript;
  }

  /**
   * Seals the next chunk.
   *
   * @param tokens what the last step produced; may be empty
   * @param last whether the answer is complete with it
   * @return at most {@link SealedFormat#MAX_CHUNK_BYTES}
   * @throws IllegalStateException after the last chunk
   * @throws IllegalArgumentException if there is too much in it for one chunk
   */
  public byte[] seal(PrivateTokens tokens, boolean last) {
    if (ended) {
      throw new IllegalStateException("the answer has had its last chunk");
    }
    byte[] plaintext = SealedFormat.padTokens(tokens);
    int offset = begun ? 1 : 1 + SALT_BYTES;
    int size = offset + plaintext.length + TAG_BYTES;
    if (size > MAX_CHUNK_BYTES) {
      throw new IllegalArgumentException(
          "a chunk would have " + size + " bytes, more than " + MAX_CHUNK_BYTES);
    }
    int header = VERSION_BITS | (begun ? 0 : FIRST_OF_ATTEMPT) | (last ? LAST_OF_ANSWER : 0);
    byte[] chunk = new byte[size];
    chunk[0] = (byte) header;
    if (!begun) {
      System.arraycopy(salt, 0, chunk, 1, SALT_BYTES);
    }
    attempt.seal(transcript.associatedData(header), plaintext, chunk, offset);
    transcript.append(plaintext, tokens.getIdsCount());
    begun = true;
    ended = last;
    return chunk;
  }

  /** Whether the last chunk was sealed. */
  public boolean ended() {
    return ended;
  }
}
