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
 * @param form what the answer must look like
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
    Continuation continuation,
    AnswerForm form) {

  /** A request whose answer may look like anything. */
  public GenerationRequest(
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
    this(
        key,
        requestId,
        cacheScope,
        prompt,
        sampling,
        maxTokens,
        stop,
        ignoreEos,
        logprobs,
        topLogprobs,
        credit,
        deadlineMillis,
        continuation,
        AnswerForm.FREE);
  }

  /** The same for an answer of this form. */
  public GenerationRequest withForm(AnswerForm other) {
    return new GenerationRequest(
        key,
        requestId,
        cacheScope,
        prompt,
        sampling,
        maxTokens,
        stop,
        ignoreEos,
        logprobs,
        topLogprobs,
        credit,
        deadlineMillis,
        continuation,
        other);
  }

  /** What to answer. */
  public sealed interface Prompt {
    /**
     * A conversation, rendered with the model's chat template.
     *
     * @param messages oldest first
     * @param templateArguments JSON object of extra template variables; empty: none
     * @param tools that the model may call
     */
    record Chat(List<Message> messages, String templateArguments, Tools tools) implements Prompt {
      /** A conversation without tools. */
      public Chat(List<Message> messages, String templateArguments) {
        this(messages, templateArguments, Tools.NONE);
      }
    }

    /** Text to be continued, taken as it is; control markers in it are ordinary text. */
    record Text(String text) implements Prompt {}
  }

  /**
   * One message of a conversation.
   *
   * @param calls of tools, by an assistant: JSON array as OpenAI has it; empty: none
   */
  public record Message(String role, String content, String calls) {
    /** A message without calls. */
    public Message(String role, String content) {
      this(role, content, "");
    }

    /** The same with another content. */
    Message withContent(String other) {
      return new Message(role, other, calls);
    }
  }

  /**
   * The tools of a conversation.
   *
   * @param json array as OpenAI has it; empty: none
   * @param required whether the answer must be a call
   * @param name of the one to call, where the answer must be a call; empty: any
   */
  public record Tools(String json, boolean required, String name) {
    /** No tools. */
    public static final Tools NONE = new Tools("", false, "");

    boolean isEmpty() {
      return json.isEmpty();
    }
  }

  /**
   * What the client has of this answer already.
   *
   * @param ids tokens already generated; empty for a fresh request
   * @param textBytes bytes of answer text already delivered; what comes next begins after them
   */
  public record Continuation(int[] ids, int textBytes) {
    /** A fresh request. */
    public static final Continuation NONE = new Continuation(new int[0], 0);
  }
}
