package org.cocoon.backend;

import org.jspecify.annotations.Nullable;

/** Text to tokens and back, for one model. Safe from any thread. */
public interface Vocabulary {

  /** How many tokens there are; ids are 0 to {@code size() - 1}. */
  int size();

  /**
   * Cuts text into tokens.
   *
   * @param text any text
   * @param parseSpecial true: markers such as {@code <|im_start|>} become their control tokens;
   *     false: they are ordinary text, which is what a user's words must be
   * @return token ids, without a beginning-of-sequence token
   */
  int[] tokenize(String text, boolean parseSpecial);

  /**
   * The bytes that a token stands for; not necessarily whole UTF-8. Control tokens give none.
   *
   * @return a fresh array
   */
  byte[] piece(int token);

  /** Whether this token ends an answer. */
  boolean endsGeneration(int token);

  /** Tokens that every prompt begins with; empty for models that want none. */
  int[] prefix();

  /** The model's own chat template in Jinja, or null where it has none. */
  @Nullable String chatTemplate();

  /** Text of the beginning-of-sequence token, as chat templates want it; may be empty. */
  String beginText();

  /** Text of the end-of-sequence token, as chat templates want it; may be empty. */
  String endText();
}
