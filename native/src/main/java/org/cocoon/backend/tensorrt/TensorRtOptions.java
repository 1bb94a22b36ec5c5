package org.cocoon.backend.tensorrt;

import java.nio.file.Path;

/**
 * How to open a {@link TensorRtBackend}.
 *
 * @param libraries folder that native/fetch tensorrt names
 * @param nativeDir folder with libcocoon_llama.so, which reads the vocabulary
 * @param model a folder that {@code ./cocoon model export} wrote
 * @param engines folder where compiled engines are kept; made where it is missing
 * @param sequences generations at the same time, 1 to 256
 * @param contextTokens tokens that each can hold, at most what the model was trained for
 * @param batchTokens tokens that one step takes at most
 */
public record TensorRtOptions(
    Path libraries,
    Path nativeDir,
    Path model,
    Path engines,
    int sequences,
    int contextTokens,
    int batchTokens) {

  /** Checks what can be checked without the model. */
  public TensorRtOptions {
    if (sequences < 1 || contextTokens < 1 || batchTokens < 1) {
      throw new IllegalArgumentException(
          "sequences, contextTokens and batchTokens must be at least 1");
    }
  }
}
