package org.cocoon.contracts;

/**
 * The tokens of one request, by kind; counted as in OpenAI's {@code usage}: cached tokens are part
 * of the prompt, reasoning tokens part of the completion.
 *
 * @param prompt tokens of the prompt, 0 to {@link Price#MAX_TOKENS}
 * @param cachedPrompt those of them that were not computed again
 * @param completion tokens delivered, 0 to {@link Price#MAX_TOKENS}
 * @param reasoning those of them that are thoughts rather than answer
 */
public record UsedTokens(long prompt, long cachedPrompt, long completion, long reasoning) {
  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public UsedTokens {
    Price.within("prompt tokens", prompt, Price.MAX_TOKENS);
    Price.within("cached prompt tokens", cachedPrompt, prompt);
    Price.within("completion tokens", completion, Price.MAX_TOKENS);
    Price.within("reasoning tokens", reasoning, completion);
  }

  /** Tokens of a prompt that was all computed, and of an answer without thoughts. */
  public static UsedTokens of(long prompt, long completion) {
    return new UsedTokens(prompt, 0, completion, 0);
  }

  /** All of them. */
  public long total() {
    return prompt + completion;
  }
}
