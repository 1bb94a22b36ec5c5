package org.cocoon.backend;

/**
 * A loaded model that advances many sequences by one batch at a time.
 *
 * <p>One thread owns a backend: every method but {@link #vocabulary()}, {@link #description()} and
 * {@link #limits()} is called from that thread only. A failure that leaves the backend unusable is
 * a {@link BackendException}; there are no partial steps.
 */
public interface Backend extends AutoCloseable {

  /** What this backend runs, for people and for the router. Any thread. */
  BackendDescription description();

  /** Sizes that the owner must stay within. Any thread. */
  BackendLimits limits();

  /**
   * Tokens that all sequences hold together at most, those of a copied prefix counted once. Any
   * thread.
   */
  default int cacheTokens() {
    return Math.multiplyExact(limits().sequences(), limits().contextTokens());
  }

  /**
   * Whether a step is fastest where its sequences are consecutive and its tokens in their order,
   * because only neighbours are computed together. Any thread.
   */
  default boolean computesNeighbours() {
    return false;
  }

  /** Text to tokens and back. Any thread. */
  Vocabulary vocabulary();

  /**
   * Computes one batch: appends its tokens to their sequences' caches and fills the batch's output
   * rows, one for each token that asked for logits, in the order of the tokens.
   *
   * @throws BackendException if the batch breaks a limit or the backend failed
   */
  void step(StepBatch batch);

  /**
   * Forgets a sequence's cached tokens from a position on.
   *
   * @param sequence 0 to {@link BackendLimits#sequences()} - 1
   * @param fromPosition the first position to forget; 0 forgets all
   */
  void truncate(int sequence, int fromPosition);

  /**
   * Makes the first {@code tokens} cached tokens of one sequence those of another, whose cache must
   * be empty.
   */
  void copyPrefix(int fromSequence, int toSequence, int tokens);

  /** How many values a hidden state has; 0: this backend makes no embeddings. Any thread. */
  default int embeddingSize() {
    return 0;
  }

  /**
   * Appends tokens to embedding sequences, which are not those of {@link #step} and together hold
   * at most {@link BackendLimits#contextTokens()}, and adds the last hidden state of each to the
   * sum of its sequence.
   *
   * @throws BackendException if the batch breaks a limit or it failed; {@link #step} goes on in any
   *     case
   */
  default void embed(EmbeddingBatch batch) {
    throw new BackendException("this backend makes no embeddings");
  }

  /**
   * Empties an embedding sequence.
   *
   * @param sequence 0 to {@link EmbeddingBatch#SEQUENCES} - 1
   */
  default void forgetEmbedding(int sequence) {
    throw new BackendException("this backend makes no embeddings");
  }

  /** Counters since the backend was opened. */
  BackendStats stats();

  /** Frees the model. Calling it twice does nothing. */
  @Override
  void close();
}
