package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.cocoon.backend.StepBatch;

/**
 * What one step computes, and for whom. One thread.
 *
 * <p>First one token of every generation that decodes and has credit. Where the batch is too small
 * for all of them they take turns, and a quarter of it is kept for prompts, so that those who
 * decode shut nobody out.
 *
 * <p>Then prompt tokens, as many as keep the step within its target by what {@link StepCost} has
 * learned, at most a chunk beside others' decoding, and always {@value #LEAST_PREFILL}, so that a
 * prompt comes to its end under any load. Hence the <b>bound</b>: a step is planned to take
 *
 * <pre>max(target, decodes alone + {@value #LEAST_PREFILL} prompt tokens)</pre>
 *
 * and that is what lies between two tokens of a stream, however long the prompts are that are
 * computed meanwhile, and what a cancelled or a new request waits at most until it is looked at.
 *
 * <p>Of the prompts the one with the highest priority goes first, then the one with the least left:
 * a short request does not wait for a long one. But the one that has been running longest always
 * gets a quarter, so that it takes at most four times as long as alone. Where there is time for the
 * least only, it gets that in every fourth step.
 */
final class BatchPlan {
  /** Prompt tokens that a step computes whatever it takes, if any wait. */
  static final int LEAST_PREFILL = 8;

  /** The oldest prompt gets one part in so many. */
  private static final int OLDEST_PART = 4;

  /** Until so many steps with prompt tokens are known, chunks are small. */
  private static final int UNKNOWN_STEPS = 3;

  private static final int UNKNOWN_CHUNK = 32;

  private static final Comparator<Generation> PROMPT_ORDER =
      Comparator.comparing((Generation generation) -> generation.request.priority())
          .reversed()
          .thenComparingInt(Generation::prefillable);

  private final StepBatch batch;
  private final StepCost cost;
  private final int prefillChunk;
  private final double targetNanos;
  private final boolean inOrder;
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Generation> rows = new ArrayList<>();
  private final List<Generation> prompts = new ArrayList<>();
  private int planned;
  private int turn;
  private int decoding;
  private int prefilling;
  private int shared;
  private long attended;

  /** Tokens of one generation that follow one another. */
  private record Piece(Generation generation, int sequence, int from, int count) {}

  /**
   * Makes a plan for a backend's batches.
   *
   * @param inOrder whether the tokens of a batch stand in the order of their sequences
   */
  BatchPlan(StepBatch batch, StepCost cost, EngineOptions options, boolean inOrder) {
    this.batch = batch;
    this.inOrder = inOrder;
    this.cost = cost;
    prefillChunk = options.prefillChunk();
    targetNanos = options.targetStepMillis() * 1e6;
  }

  /** Fills the batch from running generations, given oldest first. */
  void fill(List<Generation> running) {
    batch.clear();
    rows.clear();
    prompts.clear();
    pieces.clear();
    planned = 0;
    decoding = 0;
    prefilling = 0;
    attended = 0;
    for (Generation generation : running) {
      if (generation.prefillable() > 0) {
        prompts.add(generation);
      }
    }
    addDecodes(running);
    addPrompts();
    prompts.clear();
    if (inOrder) {
      pieces.sort(Comparator.comparingInt(Piece::sequence));
    }
    pieces.forEach(this::write);
    pieces.clear();
  }

  private int room() {
    return batch.limits().batchTokens() - planned;
  }

  private void addDecodes(List<Generation> running) {
    int count = running.size();
    turn = count == 0 ? 0 : turn % count;
    int first = turn;
    int kept = prompts.isEmpty() ? 0 : Math.min(Math.max(room() / 4, 1), prefillChunk);
    for (int i = 0; i < count && room() > kept; i++) {
      Generation generation = running.get((first + i) % count);
      if (generation.decodes()) {
        add(generation, 1);
        decoding++;
        turn = first + i + 1;
      }
    }
  }

  private void addPrompts() {
    if (prompts.isEmpty()) {
      return;
    }
    int limit = decoding > 0 ? Math.min(room(), prefillChunk) : room();
    if (targetNanos > 0 && cost.prefillsObserved() < UNKNOWN_STEPS) {
      limit = Math.min(limit, UNKNOWN_CHUNK);
    }
    double spent = cost.nanos(decoding, 0, attended);
    Generation oldest = prompts.getFirst();
    prompts.sort(PROMPT_ORDER);
    int most = prompts.size() == 1 ? limit : Math.max(limit / OLDEST_PART, 1);
    double share = prompts.size() == 1 ? targetNanos : spent + (targetNanos - spent) / OLDEST_PART;
    Generation next = prompts.getFirst();
    if (oldest != next) {
      shared++;
    }
    // Where a step has no time for prompts, the least there is goes to one of them, in turn.
    boolean isOldestDue = oldest == next || shared % OLDEST_PART == 0;
    addPrompt(oldest, affordable(oldest, most, share, isOldestDue ? LEAST_PREFILL : 0));
    for (Generation generation : prompts) {
      if (generation != oldest) {
        int least = generation == next && prefilling == 0 ? LEAST_PREFILL : 0;
        addPrompt(generation, affordable(generation, limit - prefilling, targetNanos, least));
      }
    }
    addPrompt(oldest, affordable(oldest, limit - prefilling, targetNanos, 0));
  }

  /** How many of a generation's next prompt tokens fit into a step of so long, at least some. */
  private int affordable(Generation generation, int limit, double nanos, int least) {
    int most = Math.min(limit, generation.prefillable());
    if (targetNanos == 0 || fits(generation, most, nanos)) {
      return most;
    }
    int low = Math.min(least, most); // These are taken whether they fit or not.
    int high = most;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (fits(generation, middle, nanos)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private boolean fits(Generation generation, int count, double nanos) {
    long looked = attended + attended(generation.planned(), count);
    return cost.nanos(decoding, prefilling + count, looked) <= nanos;
  }

  /** Sum of what {@code count} tokens look back at that come after {@code before} others. */
  private static long attended(long before, long count) {
    return count * before + count * (count + 1) / 2;
  }

  private void addPrompt(Generation generation, int count) {
    add(generation, count);
    prefilling += count;
  }

  private void add(Generation generation, int count) {
    Slot slot = generation.slot();
    if (slot == null || count == 0) {
      return;
    }
    int from = slot.planned();
    attended += attended(from, count);
    planned += count;
    pieces.add(new Piece(generation, slot.sequence, from, count));
    slot.schedule(count);
  }

  private void write(Piece piece) {
    TokenList tokens = piece.generation.tokens();
    for (int position = piece.from; position < piece.from + piece.count; position++) {
      boolean last = position == tokens.size() - 1;
      int row = batch.add(tokens.get(position), position, piece.sequence, last);
      if (row >= 0) {
        rows.add(piece.generation);
      }
    }
  }

  /** Tells the cost model how long the step took. */
  void took(long nanos) {
    cost.observe(decoding, prefilling, attended, nanos);
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
