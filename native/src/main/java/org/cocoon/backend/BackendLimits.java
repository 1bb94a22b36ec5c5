package org.cocoon.backend;

/**
 * Sizes of an open backend.
 *
 * @param sequences how many sequences have a cache
 * @param contextTokens tokens that one sequence can hold
 * @param batchTokens tokens that one step can take
 * @param vocabularySize tokens in the vocabulary
 * @param candidates 0: a step returns all logits of a row; K &gt; 0: only its K most likely tokens,
 *     most likely first, and the log of the sum of all exponentials
 * @param rows output rows of one step at most, at least one for each sequence
 */
public record BackendLimits(
    int sequences,
    int contextTokens,
    int batchTokens,
    int vocabularySize,
    int candidates,
    int rows) {

  /** A row for each sequence. */
  public BackendLimits(
      int sequences, int contextTokens, int batchTokens, int vocabularySize, int candidates) {
    this(sequences, contextTokens, batchTokens, vocabularySize, candidates, sequences);
  }

  /** Checks that every size is one that a backend can have. */
  public BackendLimits {
    if (sequences < 1 || contextTokens < 1 || batchTokens < 1 || vocabularySize < 1) {
      throw new IllegalArgumentException("every limit must be at least 1");
    }
    if (rows < sequences) {
      throw new IllegalArgumentException("rows must be at least sequences");
    }
    if (candidates < 0 || candidates > vocabularySize) {
      throw new IllegalArgumentException("candidates must be 0 to vocabularySize");
    }
  }
}
