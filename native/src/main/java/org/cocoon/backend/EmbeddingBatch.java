package org.cocoon.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;

/**
 * Tokens of texts that are to become vectors, and the sums of their hidden states, in direct
 * buffers that Java owns and native code fills.
 *
 * <p>Made once for a backend and reused. Layouts, in native byte order: tokens, positions and
 * sequences int32 [{@value #TOKENS}]; sums float64 [{@value #SEQUENCES}][size]. A text may be cut
 * into as many batches as one likes: its sum grows with each. Not thread-safe.
 */
public final class EmbeddingBatch {
  /** Texts that can be under way at a time; COCOON_EMBEDDING_SEQUENCES of the C ABI. */
  public static final int SEQUENCES = 8;

  /** Tokens of a batch at most; COCOON_EMBEDDING_TOKENS of the C ABI. */
  public static final int TOKENS = 60;

  private final int size;
  private final IntBuffer tokens = ints();
  private final IntBuffer positions = ints();
  private final IntBuffer sequences = ints();
  private final DoubleBuffer sums;
  private int count;

  /**
   * Allocates the buffers.
   *
   * @param size a backend's {@link Backend#embeddingSize()}, above 0
   */
  public EmbeddingBatch(int size) {
    this.size = size;
    int bytes = Math.multiplyExact(SEQUENCES * Double.BYTES, size);
    sums = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()).asDoubleBuffer();
  }

  private static IntBuffer ints() {
    return ByteBuffer.allocateDirect(TOKENS * Integer.BYTES)
        .order(ByteOrder.nativeOrder())
        .asIntBuffer();
  }

  /** Takes all tokens out; sums stay. */
  public void clear() {
    count = 0;
  }

  /** Makes a sequence's sum zero. */
  public void begin(int sequence) {
    for (int i = sequence * size; i < (sequence + 1) * size; i++) {
      sums.put(i, 0);
    }
  }

  /** Adds one token; there is room for it. */
  public void add(int token, int position, int sequence) {
    tokens.put(count, token);
    positions.put(count, position);
    sequences.put(count, sequence);
    count++;
  }

  /**
   * The mean of a sequence's hidden states, of length 1 (in the Euclidean norm).
   *
   * @return float32 [size], fresh; with values that are not finite where the model's were not, or
   *     all were 0
   */
  public float[] vector(int sequence) {
    double squares = 0;
    for (int i = 0; i < size; i++) {
      double value = sums.get(sequence * size + i);
      squares += value * value;
    }
    double length = Math.sqrt(squares);
    float[] vector = new float[size];
    for (int i = 0; i < size; i++) {
      vector[i] = (float) (sums.get(sequence * size + i) / length);
    }
    return vector;
  }

  /** Tokens in it. */
  public int count() {
    return count;
  }

  /** Values of a vector. */
  public int size() {
    return size;
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

  /** Sums of hidden states, float64 [{@value #SEQUENCES}][size]. */
  public DoubleBuffer sums() {
    return sums;
  }
}
