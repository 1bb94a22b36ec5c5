package org.cocoon.backend;

import java.nio.file.Path;

/**
 * How to open a {@link LlamaBackend}.
 *
 * @param nativeDir folder with libcocoon_llama.so and llama.cpp's libraries
 * @param model a GGUF file
 * @param modelName the model's name in requests, lower case
 * @param sequences generations at the same time, 1 to 256
 * @param contextTokens tokens that each can hold, at most what the model was trained for
 * @param batchTokens tokens that one step takes at most
 * @param threads that compute, 1 to 512; one less than the machine's cores where it is shared
 * @param precise whether caches and attention are in single precision: for comparisons, not for
 *     speed
 * @param exact whether an answer depends to the last bit on its own tokens alone, whatever else the
 *     engine computes: each sequence then has a cache of its own, and one thread computes
 * @param guesses output rows of one step beyond one for each sequence, for guessed tokens, 0 to 64
 * @param plainKernels whether llama.cpp's kernels alone compute, without those of the bridge, which
 *     give the same bits sooner: for comparisons
 */
public record LlamaOptions(
    Path nativeDir,
    Path model,
    String modelName,
    int sequences,
    int contextTokens,
    int batchTokens,
    int threads,
    boolean precise,
    boolean exact,
    int guesses,
    boolean plainKernels) {

  /** What a worker wants: caches in half precision. */
  public LlamaOptions(
      Path nativeDir,
      Path model,
      String modelName,
      int sequences,
      int contextTokens,
      int batchTokens,
      int threads) {
    this(
        nativeDir,
        model,
        modelName,
        sequences,
        contextTokens,
        batchTokens,
        threads,
        false,
        false,
        0,
        false);
  }

  /** The same, in single precision or not. */
  public LlamaOptions withPrecise(boolean value) {
    return with(value, exact, guesses, plainKernels);
  }

  /** The same, exact or not. */
  public LlamaOptions withExact(boolean value) {
    return with(precise, value, guesses, plainKernels);
  }

  /** The same with rows for so many guessed tokens. */
  public LlamaOptions withGuesses(int value) {
    return with(precise, exact, value, plainKernels);
  }

  /** The same, with or without the bridge's own kernels. */
  public LlamaOptions withPlainKernels(boolean value) {
    return with(precise, exact, guesses, value);
  }

  private LlamaOptions with(
      boolean newPrecise, boolean newExact, int newGuesses, boolean newPlainKernels) {
    return new LlamaOptions(
        nativeDir,
        model,
        modelName,
        sequences,
        contextTokens,
        batchTokens,
        threads,
        newPrecise,
        newExact,
        newGuesses,
        newPlainKernels);
  }

  /** Checks what can be checked without the model. */
  public LlamaOptions {
    if (modelName.isBlank()) {
      throw new IllegalArgumentException("modelName must not be empty");
    }
    if (sequences < 1 || contextTokens < 1 || batchTokens < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "sequences, contextTokens, batchTokens and threads must be at least 1");
    }
    if (guesses < 0 || guesses > 64) {
      throw new IllegalArgumentException("guesses must be 0 to 64");
    }
    if (exact && threads != 1) {
      throw new IllegalArgumentException("an exact engine computes with one thread");
    }
  }
}
