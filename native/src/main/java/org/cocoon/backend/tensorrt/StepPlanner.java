package org.cocoon.backend.tensorrt;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.StepBatch;

/**
 * Turns a batch into launches. Pure: it knows neither a GPU nor what a slot holds, only how much.
 *
 * <p>Sequences with one token in the batch decode together, in one launch over a window of
 * neighbouring slots. A window has one of the sizes 1, 2, 4 and so on, or all slots, and begins at
 * a multiple of its size; so there are fewer than {@code 2 * slots} windows, each of which can have
 * a CUDA graph of its own. Slots of a window that have no token in the batch fill it up: they are
 * computed at their own end, where nothing is that counts.
 *
 * <p>A sequence with more tokens is computed alone, in pieces of at most {@link
 * EngineShape#largestChunk()}, each with its exact length. Not thread-safe.
 */
final class StepPlanner {
  private final EngineShape shape;
  private final int[] counts;
  private final int[] starts;

  StepPlanner(EngineShape shape) {
    this.shape = shape;
    counts = new int[shape.slots()];
    starts = new int[shape.slots() + 1];
  }

  /**
   * Plans one step.
   *
   * @param lengths tokens that each slot holds
   * @throws BackendException if a token does not belong where the batch wants it
   */
  StepPlan plan(StepBatch batch, int[] lengths) {
    check(batch, lengths);
    int[] bySlot = groupBySlot(batch);
    Building plan = new Building(batch);
    addDecode(plan, bySlot);
    for (int slot = 0; slot < shape.slots(); slot++) {
      for (int done = 0; counts[slot] > 1 && done < counts[slot]; ) {
        int size = Math.min(shape.largestChunk(), counts[slot] - done);
        int from = starts[slot] + done;
        plan.add(Phase.PREFILL, slot, 1, size, Arrays.copyOfRange(bySlot, from, from + size));
        done += size;
      }
    }
    return plan.finished();
  }

  private void check(StepBatch batch, int[] lengths) {
    if (batch.count() == 0) {
      throw new BackendException("a batch has at least one token");
    }
    Arrays.fill(counts, 0);
    for (int i = 0; i < batch.count(); i++) {
      int token = batch.tokens().get(i);
      int position = batch.positions().get(i);
      int slot = batch.sequences().get(i);
      if (slot < 0
          || slot >= shape.slots()
          || position != lengths[slot] + counts[slot]
          || position >= shape.contextTokens()
          || token < 0
          || token >= shape.graph().vocabulary()) {
        throw new BackendException(
            "token " + token + " cannot be at position " + position + " of sequence " + slot);
      }
      counts[slot]++;
    }
  }

  /** Indices of the batch's tokens, slot by slot, each slot's in the batch's order. */
  private int[] groupBySlot(StepBatch batch) {
    for (int slot = 0; slot < shape.slots(); slot++) {
      starts[slot + 1] = starts[slot] + counts[slot];
    }
    int[] next = Arrays.copyOf(starts, shape.slots());
    int[] bySlot = new int[batch.count()];
    for (int i = 0; i < batch.count(); i++) {
      bySlot[next[batch.sequences().get(i)]++] = i;
    }
    return bySlot;
  }

  private void addDecode(Building plan, int[] bySlot) {
    int low = -1;
    int high = -1;
    for (int slot = 0; slot < shape.slots(); slot++) {
      if (counts[slot] == 1) {
        low = low < 0 ? slot : low;
        high = slot;
      }
    }
    if (low < 0) {
      return;
    }
    int size = windowSize(low, high, shape.slots());
    int first = size == shape.slots() ? 0 : low / size * size;
    int[] members = new int[size];
    for (int i = 0; i < size; i++) {
      members[i] = counts[first + i] == 1 ? bySlot[starts[first + i]] : -1;
    }
    plan.add(Phase.DECODE, first, size, 1, members);
  }

  /** The smallest size whose window covers both slots. */
  private static int windowSize(int low, int high, int slots) {
    int size = 1;
    while (size < slots && (low / size != high / size || (low / size + 1) * size > slots)) {
      size *= 2;
    }
    return Math.min(size, slots);
  }

  /** Sizes that a decode's window can have, smallest first. */
  static int[] windowSizes(int slots) {
    List<Integer> sizes = new ArrayList<>();
    for (int size = 1; size < slots; size *= 2) {
      sizes.add(size);
    }
    sizes.add(slots);
    return sizes.stream().mapToInt(Integer::intValue).toArray();
  }

  /** A plan that grows: gives each tensor the next aligned place. */
  private final class Building {
    private final List<Launch> launches = new ArrayList<>();
    private final List<int[]> members = new ArrayList<>();
    private final IntBuffer wantLogits;
    private final int[] rowOfToken;
    private final int[] rowLaunch;
    private final int[] rowAt;
    private int inputBytes;
    private int outputBytes;

    Building(StepBatch batch) {
      wantLogits = batch.wantLogits();
      rowLaunch = new int[batch.rows()];
      rowAt = new int[batch.rows()];
      rowOfToken = new int[batch.count()];
      int row = 0;
      for (int i = 0; i < batch.count(); i++) {
        rowOfToken[i] = wantLogits.get(i) == 0 ? -1 : row++;
      }
    }

    /** A decode gives a row for every place; a prefill for those wanted, and at least one. */
    void add(Phase phase, int firstSlot, int sequences, int tokens, int[] places) {
      int wanted = 0;
      for (int place = 0; place < places.length; place++) {
        int token = places[place];
        if (token >= 0 && rowOfToken[token] >= 0) {
          rowLaunch[rowOfToken[token]] = launches.size();
          rowAt[rowOfToken[token]] = phase == Phase.DECODE ? place : wanted++;
        }
      }
      int rows = phase == Phase.DECODE ? sequences : Math.max(1, wanted);
      int perRow = shape.graph().candidates();
      launches.add(
          new Launch(
              phase,
              firstSlot,
              sequences,
              tokens,
              rows,
              takeInput(sequences * tokens * Long.BYTES),
              takeInput(sequences * Long.BYTES),
              takeInput(rows * Long.BYTES),
              takeOutput(rows * perRow * Integer.BYTES),
              takeOutput(rows * perRow * Float.BYTES),
              takeOutput(rows * Float.BYTES)));
      members.add(places);
    }

    private int takeInput(int bytes) {
      int at = inputBytes;
      inputBytes = EngineShape.roundUp(at + bytes, EngineShape.ALIGNMENT);
      return at;
    }

    private int takeOutput(int bytes) {
      int at = outputBytes;
      outputBytes = EngineShape.roundUp(at + bytes, EngineShape.ALIGNMENT);
      return at;
    }

    StepPlan finished() {
      return new StepPlan(
          List.copyOf(launches), List.copyOf(members), rowLaunch, rowAt, inputBytes, outputBytes);
    }
  }
}
