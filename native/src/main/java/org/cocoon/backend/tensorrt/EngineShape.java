package org.cocoon.backend.tensorrt;

/**
 * The sizes that one engine is built for: a graph, and how much of it is served at once.
 *
 * <p>A cache holds {@link #capacity()} tokens of every slot, a constant of the engine, because
 * TensorRT's KVCacheUpdate layer needs one. A slot is one row of the caches and one sequence of the
 * scheduler.
 *
 * @param graph what is computed
 * @param slots sequences that have a cache, 1 to 256
 * @param contextTokens tokens that a sequence can hold
 * @param batchTokens tokens that one step takes
 */
record EngineShape(GraphShape graph, int slots, int contextTokens, int batchTokens) {
  /** Tokens of one sequence that one launch takes at most; a longer piece is cut. */
  static final int LARGEST_CHUNK = 512;

  /** TensorRT wants tensors at such addresses, and the driver's allocations have them. */
  static final int ALIGNMENT = 256;

  static final int MOST_SLOTS = 256;

  /** Makes a slot of a cache a multiple of {@link #ALIGNMENT} whatever the heads are. */
  private static final int CAPACITY_STEP = 64;

  EngineShape {
    if (slots < 1 || slots > MOST_SLOTS) {
      throw new IllegalArgumentException("sequences must be 1 to " + MOST_SLOTS);
    }
    if (batchTokens < 1) {
      throw new IllegalArgumentException("batchTokens must be at least 1");
    }
    if (contextTokens < 1 || contextTokens > graph.context()) {
      throw new IllegalArgumentException(
          "the model was trained for "
              + graph.context()
              + " tokens, so contextTokens must be 1 to "
              + graph.context());
    }
    if (roundUp(contextTokens + 1, CAPACITY_STEP) > graph.positions()) {
      throw new IllegalArgumentException(
          "the graph has rotary tables for "
              + graph.positions()
              + " positions, too few for "
              + contextTokens
              + " tokens; lower contextTokens");
    }
  }

  /**
   * Tokens that a cache holds: one more than a sequence, because a full slot that only fills up a
   * bucket is written to behind its end, and rounded up.
   */
  int capacity() {
    return roundUp(contextTokens + 1, CAPACITY_STEP);
  }

  /** Tokens of one sequence that a launch of the prefill profile takes. */
  int largestChunk() {
    return Math.min(LARGEST_CHUNK, Math.min(contextTokens, batchTokens));
  }

  /** Rows of logits that a launch of the prefill profile gives. */
  int mostPrefillRows() {
    return Math.min(slots, largestChunk());
  }

  /** Bytes of one token of one head in one cache. */
  long tokenBytes() {
    return (long) graph.headDimension() * graph.elementBytes();
  }

  /** Bytes of one head of one slot in one cache. */
  long headBytes() {
    return capacity() * tokenBytes();
  }

  /** Bytes of one slot in one cache. */
  long slotBytes() {
    return graph.keyValueHeads() * headBytes();
  }

  /** Bytes of one cache, of all slots. */
  long cacheBytes() {
    return Math.multiplyExact(slots, slotBytes());
  }

  /** Caches: keys and values of each layer. */
  int caches() {
    return 2 * graph.layers();
  }

  /** Bytes of all caches. */
  long allCacheBytes() {
    return Math.multiplyExact(caches(), cacheBytes());
  }

  /** Launches that one step can have: a decode, the pieces of each sequence, and their rests. */
  int mostLaunches() {
    return 1 + slots + batchTokens / largestChunk();
  }

  /** Bytes that hold the packed input of any step. */
  int inputBytes() {
    // Ids of a bucket and of a batch, an index for each bucket's slot and launch, and rows.
    int numbers = 4 * slots + batchTokens + 2 * mostLaunches();
    return Math.addExact(Math.multiplyExact(numbers, Long.BYTES), gaps());
  }

  /** Bytes that hold the packed output of any step. */
  int outputBytes() {
    int rows = 2 * slots + mostLaunches();
    int rowBytes = graph.candidates() * (Integer.BYTES + Float.BYTES) + Float.BYTES;
    return Math.addExact(Math.multiplyExact(rows, rowBytes), gaps());
  }

  /** Three tensors of each launch, each rounded up. */
  private int gaps() {
    return Math.multiplyExact(3 * ALIGNMENT, mostLaunches());
  }

  static int roundUp(int value, int step) {
    return Math.multiplyExact(Math.ceilDiv(value, step), step);
  }
}
