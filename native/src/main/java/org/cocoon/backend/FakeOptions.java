package org.cocoon.backend;

/**
 * How to open a {@link FakeBackend}.
 *
 * @param modelName the model's name in requests, lower case
 * @param sequences generations at the same time
 * @param contextTokens tokens that each can hold
 * @param batchTokens tokens that one step takes at most
 * @param tokensPerSecond steps in a second, so tokens of each answer in a second; 0: as fast as
 *     possible
 * @param firstTokenMillis the least time of a step that ends a prompt, in milliseconds
 * @param answerTokens tokens of an answer before its end token; 0: answers have no end
 */
public record FakeOptions(
    String modelName,
    int sequences,
    int contextTokens,
    int batchTokens,
    int tokensPerSecond,
    int firstTokenMillis,
    int answerTokens) {

  /** 64 sequences of 8,192 tokens, answers of 128 tokens, as fast as possible. */
  public static final FakeOptions DEFAULT = new FakeOptions("fake", 64, 8192, 2048, 0, 0, 128);

  /** Checks the ranges. */
  public FakeOptions {
    if (modelName.isBlank()) {
      throw new IllegalArgumentException("modelName must not be empty");
    }
    if (tokensPerSecond < 0 || firstTokenMillis < 0 || answerTokens < 0) {
      throw new IllegalArgumentException(
          "tokensPerSecond, firstTokenMillis and answerTokens must be at least 0");
    }
  }

  /** These options with other sizes. */
  public FakeOptions withSizes(int newSequences, int newContextTokens, int newBatchTokens) {
    return new FakeOptions(
        modelName,
        newSequences,
        newContextTokens,
        newBatchTokens,
        tokensPerSecond,
        firstTokenMillis,
        answerTokens);
  }

  /** These options at another pace. */
  public FakeOptions withPace(int newTokensPerSecond, int newFirstTokenMillis) {
    return new FakeOptions(
        modelName,
        sequences,
        contextTokens,
        batchTokens,
        newTokensPerSecond,
        newFirstTokenMillis,
        answerTokens);
  }

  /** These options with another length of answers. */
  public FakeOptions withAnswerTokens(int newAnswerTokens) {
    return new FakeOptions(
        modelName,
        sequences,
        contextTokens,
        batchTokens,
        tokensPerSecond,
        firstTokenMillis,
        newAnswerTokens);
  }
}
