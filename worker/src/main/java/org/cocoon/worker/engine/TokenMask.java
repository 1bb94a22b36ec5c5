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

  /**
   * Whether the answer can still become whole after a token that may come next, or could not do so
   * anyway.
   *
   * @param left how many tokens the answer may still have, this one counted
   */
  boolean endsWithin(int token, int left);

  /** The tokens of {@link #allowed} with which {@link #endsWithin} holds; perhaps none. */
  long[] allowedWithin(int left);

  /** The one of these tokens to take where the backend's candidates hold none; -1 of none. */
  int fallback(long[] of);

  /** Hears which token was chosen, an end token apart. */
  void accept(int token);

  /** Whether the answer is whole and nothing can follow it. */
  boolean isComplete();
}
