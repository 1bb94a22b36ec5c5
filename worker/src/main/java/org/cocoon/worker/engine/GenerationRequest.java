package org.cocoon.worker.engine;

import java.util.List;

/**
 * One request as an engine takes it.
 *
 * <p>A request for several {@code choices} is answered by as many generations, under the keys
 * {@link RunKey#withChoice key.withChoice(0)} to {@code choices - 1}. Its prompt is computed once.
 * Each is told, granted credit (all begin with {@code credit}), cancelled and ended by itself.
 * Choice i is the answer that a request by itself gets with the seed {@code seed + i}; that is also
 * how another worker continues one of them.
 *
 * @param key its name until it ended
 * @param requestId for logs
 * @param cacheScope who asks: requests of one scope share cached prefixes, and one share of the
 *     engine's time
 * @param prompt messages or text
 * @param sampling how tokens are chosen
 * @param maxTokens how many to generate at most, continuation included; 0: until the context ends
 * @param stop strings that end the answer, not part of it; at most 4 of at most 256 characters
 * @param ignoreEos whether the model's end token is ignored
 * @param logprobs whether each token's log probability is told
 * @param topLogprobs how many alternatives are told with it, 0 to 20
 * @param credit tokens that may be sent before the first grant
 * @param deadlineMillis from now; 0: none
 * @param continuation tokens of this answer that another worker has already delivered; only where
 *     there is one choice
 * @param form what the answer must look like
 * @param priority who goes first when not all can run
 * @param choices how many answers, 1 to {@value #MAX_CHOICES}
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
    AnswerForm form,
    Priority priority,
    int choices) {
  /** Answers that one request can ask for. */
  public static final int MAX_CHOICES = 16;

  /** A request for one answer, of any form and ordinary priority. */
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
        AnswerForm.FREE,
        Priority.NORMAL,
        1);
  }

  /** Who goes first when not all can run, lowest first. */
  public enum Priority {
    /** Work that can wait, such as batches: gives its slot to any other that waits. */
    LOW(0),
    /** What is not said to be anything else. */
    NORMAL(1),
    /** Somebody waits for it, and it matters. */
    HIGH(2);

    private final int level;

    Priority(int level) {
      this.level = level;
    }

    /** The larger, the sooner. */
    int level() {
      return level;
    }
  }

  /** The same for an answer of this form. */
  public GenerationRequest withForm(AnswerForm other) {
    return with(key, sampling, other, priority, choices);
  }

  /** The same with another priority. */
  public GenerationRequest withPriority(Priority other) {
    return with(key, sampling, form, other, choices);
  }

  /** The same for so many answers. */
  public GenerationRequest withChoices(int count) {
    return with(key, sampling, form, priority, count);
  }

  /** One of its choices, as a request by itself. */
  GenerationRequest choice(int index) {
    Sampling draws = sampling.withSeed(sampling.seed() + index);
    return with(key.withChoice(index), draws, form, priority, 1);
  }

  private GenerationRequest with(
      RunKey otherKey,
      Sampling otherSampling,
      AnswerForm otherForm,
      Priority otherPriority,
      int otherChoices) {
    return new GenerationRequest(
        otherKey,
        requestId,
        cacheScope,
        prompt,
        otherSampling,
        maxTokens,
        stop,
        ignoreEos,
        logprobs,
        topLogprobs,
        credit,
        deadlineMillis,
        continuation,
        otherForm,
        otherPriority,
        otherChoices);
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
