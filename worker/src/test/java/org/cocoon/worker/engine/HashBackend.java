package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendDescription;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.BackendLimits;
import org.cocoon.backend.BackendStats;
import org.cocoon.backend.StepBatch;
import org.cocoon.backend.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * A backend whose logits are a hash of all tokens of the sequence: an answer is right only if every
 * token before it was, at its place and in its own sequence. Single bytes are rarer than other
 * tokens, so that most text is letters. Checks what a backend may ask of its owner, and keeps what
 * each step was made of. A copied prefix shares its cells, as in llama.cpp, and no more cells are
 * used than there are. A step takes the time that {@link #cost} says, on a clock of the test.
 */
final class HashBackend implements Backend {
  private final BackendLimits limits;
  private final Vocabulary vocabulary;
  private final List<List<Cell>> caches = new ArrayList<>();
  private final int cacheTokens;
  final List<Step> steps = new ArrayList<>();
  @Nullable BackendException failure;

  /** How many last tokens of a sequence the next one depends on. */
  int remembered = Integer.MAX_VALUE;

  /** Whether tokens must come in the order of their sequences. */
  boolean neighbours;

  Cost cost = (decodes, prefills, attended) -> 0;
  LongConsumer clock = nanos -> {};
  private boolean closed;

  /** Nanoseconds of a step, by its tokens with and without logits and what they look back at. */
  interface Cost {
    long nanos(int rows, int others, long attended);
  }

  /** One token in the cache; the same object wherever it is shared. */
  private static final class Cell {
    final int token;

    Cell(int token) {
      this.token = token;
    }
  }

  /** Tokens of one step, by sequence, and how many of them asked for logits. */
  record Step(int[] tokensBySequence, int rows) {
    int total() {
      int total = 0;
      for (int count : tokensBySequence) {
        total += count;
      }
      return total;
    }
  }

  HashBackend(int sequences, int contextTokens, int batchTokens) {
    this(sequences, contextTokens, batchTokens, new TestVocabulary(null));
  }

  HashBackend(int sequences, int contextTokens, int batchTokens, Vocabulary vocabulary) {
    this(sequences, contextTokens, batchTokens, vocabulary, sequences * contextTokens);
  }

  HashBackend(
      int sequences, int contextTokens, int batchTokens, Vocabulary vocabulary, int cacheTokens) {
    this(sequences, contextTokens, batchTokens, vocabulary, cacheTokens, sequences);
  }

  HashBackend(
      int sequences,
      int contextTokens,
      int batchTokens,
      Vocabulary vocabulary,
      int cacheTokens,
      int rows) {
    this.cacheTokens = cacheTokens;
    this.vocabulary = vocabulary;
    limits = new BackendLimits(sequences, contextTokens, batchTokens, vocabulary.size(), 0, rows);
    for (int i = 0; i < sequences; i++) {
      caches.add(new ArrayList<>());
    }
  }

  @Override
  public BackendDescription description() {
    return new BackendDescription("fake", "hash", "test:0", "test", true);
  }

  @Override
  public BackendLimits limits() {
    return limits;
  }

  @Override
  public int cacheTokens() {
    return cacheTokens;
  }

  @Override
  public boolean computesNeighbours() {
    return neighbours;
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void step(StepBatch batch) {
    if (failure != null) {
      throw failure;
    }
    assertTrue(!closed, "a step after close");
    int[] counts = new int[limits.sequences()];
    int row = 0;
    long attended = 0;
    int last = 0;
    for (int i = 0; i < batch.count(); i++) {
      int sequence = batch.sequences().get(i);
      List<Cell> cache = caches.get(sequence);
      assertTrue(!neighbours || sequence >= last, "out of order");
      last = sequence;
      assertEquals(cache.size(), batch.positions().get(i), "position in sequence " + sequence);
      assertTrue(cache.size() < limits.contextTokens(), "a token beyond the context");
      cache.add(new Cell(batch.tokens().get(i)));
      attended += cache.size();
      counts[sequence]++;
      if (batch.wantLogits().get(i) == 1) {
        long hash = hash(cache);
        for (int id = 0; id < limits.vocabularySize(); id++) {
          batch.logits().put(row * limits.vocabularySize() + id, logit(hash, id));
        }
        row++;
      }
    }
    assertTrue(usedCells() <= cacheTokens, "more cells than there are");
    steps.add(new Step(counts, row));
    clock.accept(cost.nanos(row, batch.count() - row, attended));
  }

  private int hash(List<Cell> cache) {
    int hash = 1;
    for (Cell cell : cache.subList(Math.max(cache.size() - remembered, 0), cache.size())) {
      hash = 31 * hash + cell.token;
    }
    return hash;
  }

  /** Cells that at least one sequence refers to. */
  int usedCells() {
    Set<Cell> used = Collections.newSetFromMap(new IdentityHashMap<>());
    caches.forEach(used::addAll);
    return used.size();
  }

  private static float logit(long hash, int id) {
    boolean isByte = id >= TestVocabulary.BYTES && id < TestVocabulary.BYTES + 256;
    return (float) (Draws.unit(hash, id) * 8) - (isByte ? 3 : 0);
  }

  @Override
  public void truncate(int sequence, int fromPosition) {
    List<Cell> cache = caches.get(sequence);
    assertTrue(fromPosition < cache.size(), "nothing to truncate");
    cache.subList(fromPosition, cache.size()).clear();
  }

  @Override
  public void copyPrefix(int fromSequence, int toSequence, int tokens) {
    assertTrue(caches.get(toSequence).isEmpty(), "the target of a copy holds tokens");
    caches.get(toSequence).addAll(List.copyOf(caches.get(fromSequence).subList(0, tokens)));
  }

  @Override
  public BackendStats stats() {
    return new BackendStats(steps.size(), steps.stream().mapToLong(Step::total).sum(), 0);
  }

  @Override
  public void close() {
    closed = true;
  }

  boolean isClosed() {
    return closed;
  }
}
