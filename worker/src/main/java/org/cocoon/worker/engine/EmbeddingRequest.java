package org.cocoon.worker.engine;

import java.util.List;

/**
 * Texts of which an engine is to give vectors.
 *
 * @param key its name until it ended; no generation's
 * @param requestId for logs
 * @param inputs the texts, 1 to {@value #MAX_INPUTS}
 */
public record EmbeddingRequest(RunKey key, String requestId, List<Input> inputs) {
  /** Texts of one request. */
  public static final int MAX_INPUTS = 128;

  /** Tokens of all texts of one request. */
  public static final int MAX_TOKENS = 1 << 17;

  /** One text. */
  public sealed interface Input {
    /** As text, in which control markers are ordinary text. */
    record Text(String text) implements Input {
      /** Without content. */
      @Override
      public String toString() {
        return "Text[" + text.length() + " characters]";
      }
    }

    /** As tokens of the model, which are taken as they are. */
    record Ids(int[] ids) implements Input {
      /** Without content. */
      @Override
      public String toString() {
        return "Ids[" + ids.length + " tokens]";
      }
    }
  }
}
