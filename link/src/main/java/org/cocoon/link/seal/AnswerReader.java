package org.cocoon.link.seal;

import static org.cocoon.link.seal.SealedFormat.FIRST_OF_ATTEMPT;
import static org.cocoon.link.seal.SealedFormat.LAST_OF_ANSWER;
import static org.cocoon.link.seal.SealedFormat.MAX_CHUNK_BYTES;
import static org.cocoon.link.seal.SealedFormat.SALT_BYTES;
import static org.cocoon.link.seal.SealedFormat.TAG_BYTES;
import static org.cocoon.link.seal.SealedFormat.VERSION_BITS;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Arrays;
import org.cocoon.link.wire.PrivateTokens;
import org.jspecify.annotations.Nullable;

/**
 * Opens the chunks of one answer in their order, whichever workers sealed them. One thread.
 *
 * <pre>
 * OPEN      the next chunk of the attempt, or the first of another-> OPEN
 * OPEN      the last chunk of the answer---------------------------> COMPLETE
 * OPEN      anything else------------------------------------------> BROKEN
 * COMPLETE  any chunk----------------------------------------------> BROKEN
 * any       close--------------------------------------------------> CLOSED
 * </pre>
 */
final class AnswerReader implements AutoCloseable {
  private enum State {
    OPEN,
    COMPLETE,
    BROKEN,
    CLOSED
  }

  private final AnswerSecret secret;
  private final Transcript transcript;
  private @Nullable Attempt attempt;
  private State state = State.OPEN;

  AnswerReader(AnswerSecret secret, Transcript transcript) {
    this.secret = secret;
    this.transcript = transcript;
  }

  /** Whether the last chunk was opened. */
  boolean complete() {
    return state == State.COMPLETE;
  }

  /**
   * Opens the next chunk.
   *
   * @param claimedTokens how many tokens whoever carried it says that it holds; below 0: unsaid
   */
  Opened open(byte[] chunk, int claimedTokens) {
    return switch (state) {
      case OPEN -> next(chunk, claimedTokens);
      case COMPLETE -> broken("a chunk came after the last one");
      case BROKEN -> broken("an earlier chunk did not open");
      case CLOSED -> new Opened.Broken("the exchange is closed");
    };
  }

  /** Overwrites the secret; nothing opens from now on. */
  @Override
  public void close() {
    state = State.CLOSED;
    attempt = null;
    secret.close();
  }

  private Opened next(byte[] chunk, int claimedTokens) {
    if (chunk.length == 0 || chunk.length > MAX_CHUNK_BYTES) {
      return broken("a chunk has " + chunk.length + " bytes, not 1 to " + MAX_CHUNK_BYTES);
    }
    int header = chunk[0] & 0xff;
    if ((header & ~(FIRST_OF_ATTEMPT | LAST_OF_ANSWER)) != VERSION_BITS) {
      return broken("a chunk is of an unknown version");
    }
    boolean first = (header & FIRST_OF_ATTEMPT) != 0;
    int offset = first ? 1 + SALT_BYTES : 1;
    if (chunk.length < offset + TAG_BYTES) {
      return broken("a chunk of " + chunk.length + " bytes is too short");
    }
    Attempt from =
        first ? Attempt.opening(secret, Arrays.copyOfRange(chunk, 1, 1 + SALT_BYTES)) : attempt;
    if (from == null) {
      return broken("the answer does not begin with a worker's first chunk");
    }
    attempt = from;
    byte[] plaintext = from.open(transcript.associatedData(header), chunk, offset);
    if (plaintext == null) {
      return broken("a chunk does not open here: it was changed, or belongs elsewhere");
    }
    return append(plaintext, (header & LAST_OF_ANSWER) != 0, claimedTokens);
  }

  private Opened append(byte[] plaintext, boolean last, int claimedTokens) {
    PrivateTokens tokens;
    try {
      tokens = PrivateTokens.parseFrom(plaintext);
    } catch (InvalidProtocolBufferException e) {
      return broken("a chunk opens, and holds no tokens");
    }
    if (claimedTokens >= 0 && claimedTokens != tokens.getIdsCount()) {
      return broken(
          "a chunk of " + tokens.getIdsCount() + " tokens was counted as " + claimedTokens);
    }
    transcript.append(plaintext, tokens.getIdsCount());
    if (last) {
      state = State.COMPLETE;
    }
    return new Opened.Chunk(withoutPadding(tokens), last);
  }

  private static PrivateTokens withoutPadding(PrivateTokens tokens) {
    return tokens.getPadding().equals(ByteString.EMPTY)
        ? tokens
        : tokens.toBuilder().clearPadding().build();
  }

  private Opened broken(String why) {
    state = State.BROKEN;
    return new Opened.Broken(why);
  }
}
