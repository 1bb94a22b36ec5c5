package org.cocoon.backend.tensorrt;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The shapes that an optimisation profile allows for each input of the graph.
 *
 * <p>TensorRT tunes its kernels for the optimum and runs them for everything up to the maximum: the
 * optimum of decode is all slots, where speed matters most, and of prefill a whole chunk.
 *
 * @param inputs ranges by input, in the graph's order
 */
record ProfileShapes(Map<String, Range> inputs) {

  /**
   * What an input's dimensions may be.
   *
   * @param smallest at least these
   * @param optimum tuned for these
   * @param largest at most these
   */
  @SuppressWarnings("ArrayRecordComponent") // made once, read by the builder
  record Range(long[] smallest, long[] optimum, long[] largest) {

    /** Whether these dimensions are within the range. */
    boolean contains(long... dimensions) {
      if (dimensions.length != smallest.length) {
        return false;
      }
      for (int i = 0; i < dimensions.length; i++) {
        if (dimensions[i] < smallest[i] || dimensions[i] > largest[i]) {
          return false;
        }
      }
      return true;
    }

    @Override
    public String toString() {
      return Arrays.toString(smallest) + " to " + Arrays.toString(largest);
    }
  }

  /** The profile of a phase. */
  static ProfileShapes of(EngineShape shape, Phase phase) {
    int sequences = phase == Phase.DECODE ? shape.slots() : 1;
    int tokens = phase == Phase.DECODE ? 1 : shape.largestChunk();
    int rows = phase == Phase.DECODE ? shape.slots() : shape.mostPrefillRows();
    int usualRows = phase == Phase.DECODE ? shape.slots() : 1;
    Map<String, Range> inputs = new LinkedHashMap<>();
    inputs.put("token_ids", range(dims(1, 1), dims(sequences, tokens), dims(sequences, tokens)));
    inputs.put("write_indices", range(dims(1), dims(sequences), dims(sequences)));
    inputs.put("rows", range(dims(1), dims(usualRows), dims(rows)));
    for (int layer = 0; layer < shape.graph().layers(); layer++) {
      for (String cache : new String[] {"cache_k_" + layer, "cache_v_" + layer}) {
        long[] all = cache(shape, sequences);
        inputs.put(cache, range(cache(shape, 1), all, all));
      }
    }
    return new ProfileShapes(inputs);
  }

  private static Range range(long[] smallest, long[] optimum, long[] largest) {
    return new Range(smallest, optimum, largest);
  }

  private static long[] dims(long... dimensions) {
    return dimensions;
  }

  private static long[] cache(EngineShape shape, int slots) {
    GraphShape graph = shape.graph();
    return dims(slots, graph.keyValueHeads(), shape.capacity(), graph.headDimension());
  }

  /** The range of an input. */
  Range range(String input) {
    Range range = inputs.get(input);
    if (range == null) {
      throw new IllegalArgumentException("the graph has no input " + input);
    }
    return range;
  }
}
