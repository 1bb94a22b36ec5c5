package org.cocoon.model;

import java.nio.file.Path;

/** Estimates what a GGUF model takes of memory where llama.cpp computes it. */
public final class MemoryNeed {
  private static final int BYTES_PER_VALUE = 2; // keys and values are kept in half precision
  private static final int BYTES_PER_LOGIT = 4;

  /** Rows of the hidden width that a step keeps at one time, about. */
  private static final int ROWS_PER_TOKEN = 48;

  private MemoryNeed() {}

  /**
   * Weights, caches of all sequences, logits and what a step works in; for models of usual shape
   * within a fifth, and more rather than less.
   *
   * @param sequences generations at a time
   * @param contextTokens of each
   * @param batchTokens of a step
   * @return bytes
   * @throws ModelFileException if it is no GGUF file
   */
  public static long bytes(Path file, int sequences, int contextTokens, int batchTokens) {
    try (GgufFile gguf = GgufFile.open(file)) {
      String family = gguf.text("general.architecture", null) + ".";
      long layers = width(gguf, family + "block_count", 1);
      long hidden = width(gguf, family + "embedding_length", 1);
      long heads = width(gguf, family + "attention.head_count", 1);
      long cached = width(gguf, family + "attention.head_count_kv", heads);
      long key = width(gguf, family + "attention.key_length", hidden / heads);
      long value = width(gguf, family + "attention.value_length", key);
      long vocabulary =
          gguf.metadata().get("tokenizer.ggml.tokens") instanceof GgufValue.Sequence tokens
              ? tokens.count()
              : 0;
      // Of a hostile file no product fits; a large number is large enough.
      double cells = (double) sequences * contextTokens;
      double caches = cells * layers * cached * (key + value) * BYTES_PER_VALUE;
      double logits = 2.0 * sequences * vocabulary * BYTES_PER_LOGIT; // llama.cpp's, and our copy
      double step = (double) batchTokens * hidden * ROWS_PER_TOKEN * BYTES_PER_LOGIT;
      return (long) (gguf.file().size() + caches + logits + step);
    }
  }

  /** A width, or what stands for it where the file has none, or one for each layer. */
  private static long width(GgufFile file, String key, long otherwise) {
    return file.metadata().get(key) instanceof GgufValue.Whole whole
            && whole.value() > 0
            && whole.value() <= ModelConfig.MAX_WIDTH
        ? whole.value()
        : otherwise;
  }
}
