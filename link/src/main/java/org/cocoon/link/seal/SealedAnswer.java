package org.cocoon.link.seal;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import java.util.List;
import java.util.stream.IntStream;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.PrivateTokens;

/**
 * The answer to one opened prompt, before its first chunk of this worker: fresh, or where another
 * worker left it. Used once.
 */
public final class SealedAnswer {
  private final AnswerSecret secret;
  private final byte[] promptData;
  private final SecureRandom random;

  SealedAnswer(AnswerSecret secret, byte[] promptData, SecureRandom random) {
    this.secret = secret;
    this.promptData = promptData;
    this.random = random;
  }

  /** What came of going on with an answer. */
  public sealed interface Resumed {
    /**
     * It goes on.
     *
     * @param ids tokens that the client has, in order
     * @param text that the client has, UTF-8
     * @param complete whether the client has the last chunk too, so that nothing is left to seal
     * @param finish as the last chunk says, if the answer is complete
     * @param sealer seals what comes next; not to be used if the answer is complete
     */
    record Good(
        int[] ids, ByteString text, boolean complete, FinishReason finish, AnswerSealer sealer)
        implements Resumed {
      /** Without content. */
      @Override
      public String toString() {
        return "Good[" + ids.length + " tokens, complete=" + complete + "]";
      }
    }

    /**
     * The delivered chunks are not an answer to this prompt.
     *
     * @param why a sentence for people, without content
     */
    record Broken(String why) implements Resumed {}
  }

  /** Begins the answer. */
  public AnswerSealer begin() {
    try (secret) {
      return sealer(new Transcript(promptData));
    }
  }

  /**
   * Goes on with an answer that other workers began.
   *
   * @param delivered every chunk that the client was sent, in order; at most {@link
   *     SealedFormat#MAX_CONTINUATION_BYTES} together. None: as {@link #begin()}
   */
  public Resumed resume(List<ByteString> delivered) {
    long bytes = delivered.stream().mapToLong(ByteString::size).sum();
    if (bytes > SealedFormat.MAX_CONTINUATION_BYTES) {
      return new Resumed.Broken(
          "the continuation has "
              + bytes
              + " bytes, more than "
              + SealedFormat.MAX_CONTINUATION_BYTES);
    }
    try (secret) {
      return replay(delivered);
    }
  }

  private Resumed replay(List<ByteString> delivered) {
    Transcript transcript = new Transcript(promptData);
    AnswerReader reader = new AnswerReader(secret, transcript);
    IntStream.Builder ids = IntStream.builder();
    ByteString text = ByteString.EMPTY;
    FinishReason finish = FinishReason.FINISH_UNSPECIFIED;
    for (ByteString chunk : delivered) {
      switch (reader.open(chunk.toByteArray(), -1)) {
        case Opened.Broken(String why) -> {
          return new Resumed.Broken(why);
        }
        case Opened.Chunk(PrivateTokens tokens, boolean _) -> {
          tokens.getIdsList().forEach(ids::add);
          text = text.concat(tokens.getText());
          finish = tokens.getFinish();
        }
      }
    }
    return new Resumed.Good(
        ids.build().toArray(), text, reader.complete(), finish, sealer(transcript));
  }

  private AnswerSealer sealer(Transcript transcript) {
    byte[] salt = new byte[SealedFormat.SALT_BYTES];
    random.nextBytes(salt);
    return new AnswerSealer(secret, salt, transcript);
  }
}
