package org.cocoon.worker.engine;

import java.util.List;

/**
 * One request as an engine takes it.
 *
 * @param key its name until it ended
 * @param requestId for logs
 * @param cacheScope only requests of one scope share cached prefixes
 * @param prompt messages or text
 * @param sampling how tokens are chosen
 * @param maxTokens how many to generate at most, continuation included; 0: until the context ends
 * @param stop strings that end the answer, not part of it; at most 4 of at most 256 characters
 * @param ignoreEos whether the model's end token is ignored
 * @param logprobs whether each token's log probability is told
 * @param topLogprobs how many alternatives are told with it, 0 to 20
 * @param credit tokens that may be sent before the first grant
 * @param deadlineMillis from now; 0: none
 * @param continuation tokens of this answer that another worker has already delivered
 */
public record GenerationRequest(
    RunKey key,
    String requestId,
    String cacheScope,
    Prompt prompt,
    Sampling sampling,
    int maxTokens,
    List<String> stop,
    boolean ignoreEos,
    boolean logprobs,
    int topLogprobs,
    int credit,
    int deadlineMillis,
    Continuation continuation) {

  /** What to answer. */
  public sealed interface Prompt {
    /**
     * A conversation, rendered with the model's chat template.
     *
     * @param messages oldest first
     * @param templateArguments JSON object of extra template variables; empty: none
     */
    record Chat(List<Message> messages, String templateArguments) implements Prompt {}

    /** Text to be continued, taken as it is; control markers in it are ordinary text. */
    record Text(String text) implements Prompt {}
  }

  /** One message of a conversation. */
  public record Message(String role, String content) {}

  /**
   * What the client has of this answer already.
   *
   * @param ids tokens already generated, {@link #UNKNOWN_ID} where no engine told which; empty for
   *     a fresh request
   * @param textBytes bytes of answer text already delivered; what comes next begins after them
   * @param text those bytes, for an engine that goes on from text; otherwise empty
   */
  public record Continuation(int[] ids, int textBytes, String text) {
    /** Stands for the id of a token whose id an engine does not tell. */
    public static final int UNKNOWN_ID = -1;

    /** A fresh request. */
    public static final Continuation NONE = new Continuation(new int[0], 0);

    /** For an engine that goes on from ids. */
    public Continuation(int[] ids, int textBytes) {
      this(ids, textBytes, "");
    }

    /** Without content. */
    @Override
    public String toString() {
      return "Continuation[" + ids.length + " tokens]";
    }
  }
}
