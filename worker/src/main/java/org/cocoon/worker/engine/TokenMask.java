package org.cocoon.worker.engine;

/**
 * What the next token of one answer may be, because the answer must have a form. Asked before each
 * choice and told of each, on the step thread.
 */
interface TokenMask {

  /**
   * The tokens that may come next: token t is bit {@code t % 64} of word {@code t / 64}. Shared,
   * not to be changed.
   */
  long[] allowed();

  /** A token to take where the backend's candidates hold none that may come; -1 where none may. */
  int fallback();

  /** Hears which token was chosen, an end token apart. */
  void accept(int token);

  /** Whether the answer is whole and nothing can follow it. */
  boolean isComplete();
}
