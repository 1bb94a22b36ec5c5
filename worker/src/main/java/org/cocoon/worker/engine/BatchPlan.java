package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.backend.StepBatch;

/**
 * What one step computes, and for whom. One thread.
 *
 * <p>First one token of every generation that decodes and has credit, then prompt tokens, oldest
 * generation first: up to a chunk beside others' decoding, and as many as the batch holds
 * otherwise. Where the batch is too small for all that decode they take turns, and a quarter of it
 * is kept for prompts, so that those who decode shut nobody out.
 */
final class BatchPlan {
  private final StepBatch batch;
  private final int prefillChunk;
  private final List<Generation> rows = new ArrayList<>();
  private int turn;
  private int decoding;

  BatchPlan(StepBatch batch, int prefillChunk) {
    this.batch = batch;
    this.prefillChunk = prefillChunk;
  }

  /** Fills the batch from running generations, given oldest first. */
  void fill(List<Generation> running) {
    batch.clear();
    rows.clear();
    decoding = 0;
    int count = running.size();
    turn = count == 0 ? 0 : turn % count;
    int first = turn;
    int kept =
        anyPrefills(running) ? Math.min(Math.max(batch.remaining() / 4, 1), prefillChunk) : 0;
    for (int i = 0; i < count && batch.remaining() > kept; i++) {
      Generation generation = running.get((first + i) % count);
      if (generation.decodes()) {
        add(generation, 1);
        decoding++;
        turn = first + i + 1;
      }
    }
    int budget = batch.remaining();
    if (decoding > 0) {
      budget = Math.min(budget, prefillChunk);
    }
    for (int i = 0; i < count && budget > 0; i++) {
      Generation generation = running.get(i);
      int tokens = Math.min(generation.prefillable(), budget);
      add(generation, tokens);
      budget -= tokens;
    }
  }

  private static boolean anyPrefills(List<Generation> running) {
    for (Generation generation : running) {
      if (generation.prefillable() > 0) {
        return true;
      }
    }
    return false;
  }

  private void add(Generation generation, int count) {
    Slot slot = generation.slot();
    if (slot == null || count == 0) {
      return;
    }
    TokenList tokens = generation.tokens();
    int from = slot.cached();
    for (int position = from; position < from + count; position++) {
      boolean last = position == tokens.size() - 1;
      int row = batch.add(tokens.get(position), position, slot.sequence, last);
      if (row >= 0) {
        rows.add(generation);
      }
    }
    slot.schedule(count);
  }

  /** Lets go of whose the rows are: an engine that stands idle holds nobody's prompt. */
  void forget() {
    rows.clear();
  }

  /** Tokens of the batch that continue answers; the others belong to prompts. */
  int decoding() {
    return decoding;
  }

  /** Whose each output row is, in the order of rows. */
  List<Generation> rows() {
    return rows;
  }
}
