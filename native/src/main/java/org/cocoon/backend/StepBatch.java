package org.cocoon.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * One step's input and output, in direct buffers that Java owns and native code fills.
 *
 * <p>Made once for a backend's limits and reused for every step. Layouts, in native byte order:
 *
 * <ul>
 *   <li>tokens, positions, sequences: int32 [batchTokens]; wantLogits: int32 [batchTokens], 0 or 1
 *   <li>logits: float32 [rows][vocabularySize], when the backend returns all logits
 *   <li>candidateIds: int32 [rows][candidates], candidateLogits: float32 [rows][candidates],
 *       logSumExp: float32 [rows], when it returns candidates
 * </ul>
 *
 * <p>Rows are numbered in the order of the tokens that asked for logits. At most {@code rows} are
 * asked for in one step. Not thread-safe.
 */
public final class StepBatch {
  private final BackendLimits limits;
  private final IntBuffer tokens;
  private final IntBuffer positions;
  private final IntBuffer sequences;
  private final IntBuffer wantLogits;
  private final FloatBuffer logits;
  private final IntBuffer candidateIds;
  private final FloatBuffer candidateLogits;
  private final FloatBuffer logSumExp;
  private int count;
  private int rows;

  /** Allocates the buffers for a backend's limits. */
  public StepBatch(BackendLimits limits) {
    this.limits = limits;
    int maxTokens = limits.batchTokens();
    int maxRows = limits.rows();
    int perRow = limits.candidates();
    tokens = ints(maxTokens);
    positions = ints(maxTokens);
    sequences = ints(maxTokens);
    wantLogits = ints(maxTokens);
    logits = floats(perRow == 0 ? Math.multiplyExact(maxRows, limits.vocabularySize()) : 0);
    candidateIds = ints(maxRows * perRow);
    candidateLogits = floats(maxRows * perRow);
    logSumExp = floats(perRow == 0 ? 0 : maxRows);
  }

  private static IntBuffer ints(int size) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(size, 4))
        .order(ByteOrder.nativeOrder())
        .asIntBuffer();
  }

  private static FloatBuffer floats(int size) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(size, 4))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** Empties the batch. */
  public void clear() {
    count = 0;
    rows = 0;
  }

  /** How many more tokens fit. */
  public int remaining() {
    return limits.batchTokens() - count;
  }

  /**
   * Adds one token.
   *
   * @return the output row that it will have, or -1 where no logits were asked for
   */
  public int add(int token, int position, int sequence, boolean wantsLogits) {
    if (count == limits.batchTokens()) {
      throw new IllegalStateException("the batch is full");
    }
    if (wantsLogits && rows == limits.rows()) {
      throw new IllegalStateException("no more than " + rows + " rows");
    }
    tokens.put(count, token);
    positions.put(count, position);
    sequences.put(count, sequence);
    wantLogits.put(count, wantsLogits ? 1 : 0);
    count++;
    return wantsLogits ? rows++ : -1;
  }

  /** Tokens in the batch. */
  public int count() {
    return count;
  }

  /** Output rows asked for. */
  public int rows() {
    return rows;
  }

  /** The limits that this batch was made for. */
  public BackendLimits limits() {
    return limits;
  }

  /** Token ids, int32 [count]. */
  public IntBuffer tokens() {
    return tokens;
  }

  /** Positions in their sequences, int32 [count]. */
  public IntBuffer positions() {
    return positions;
  }

  /** Sequence numbers, int32 [count]. */
  public IntBuffer sequences() {
    return sequences;
  }

  /** 1 where logits are wanted, int32 [count]. */
  public IntBuffer wantLogits() {
    return wantLogits;
  }

  /** All logits, float32 [rows][vocabularySize]; empty for a backend that returns candidates. */
  public FloatBuffer logits() {
    return logits;
  }

  /** Candidates' ids, int32 [rows][candidates]. */
  public IntBuffer candidateIds() {
    return candidateIds;
  }

  /** Candidates' logits, float32 [rows][candidates]. */
  public FloatBuffer candidateLogits() {
    return candidateLogits;
  }

  /** Log of the sum of the exponentials of all logits, float32 [rows]. */
  public FloatBuffer logSumExp() {
    return logSumExp;
  }
}
