package org.cocoon.backend;

import java.nio.file.Path;

/**
 * How to open an {@link OnnxBackend}.
 *
 * @param nativeDir folder with libcocoon_llama.so and llama.cpp's libraries, for the vocabulary
 * @param model a folder that {@code ./cocoon model export} wrote
 * @param modelName the model's name in requests, lower case
 * @param sequences generations at the same time
 * @param contextTokens tokens that each can hold, at most the model's context
 * @param batchTokens tokens that one step takes at most
 * @param threads that compute
 */
public record OnnxOptions(
    Path nativeDir,
    Path model,
    String modelName,
    int sequences,
    int contextTokens,
    int batchTokens,
    int threads) {

  /** Checks what can be checked without the model. */
  public OnnxOptions {
    if (modelName.isBlank()) {
      throw new IllegalArgumentException("modelName must not be empty");
    }
    if (sequences < 1 || contextTokens < 1 || batchTokens < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "sequences, contextTokens, batchTokens and threads must be at least 1");
    }
  }
}
