package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.Arrays;
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
 * learned, or for as long as the decodes take where that is more: those who wait for their first
 * token get as much of the engine as those who have it. At most a chunk beside others' decoding,
 * and always {@value #LEAST_PREFILL}, so that a prompt comes to its end under any load. Hence the
 * <b>bound</b>: a step is planned to take
 *
 * <pre>max(target, 2 * decodes alone, decodes alone + {@value #LEAST_PREFILL} prompt tokens)</pre>
 *
 * and that is what lies between two tokens of a stream, however long the prompts are that are
 * computed meanwhile, and what a cancelled or a new request waits at most until it is looked at.
 *
 * <p>Last come guesses at what decoding answers go on with ({@link PromptLookup}), as far as there
 * are rows left, the step stays within its target, and more tokens are expected in its time.
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

  private static final int[] NO_GUESS = new int[0];

  private final StepBatch batch;
  private final StepCost cost;
  private final int prefillChunk;
  private final double targetNanos;
  private final boolean inOrder;
  private final int promptLookup;
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Generation> rows = new ArrayList<>();
  private final List<Generation> prompts = new ArrayList<>();
  private int planned;
  private int plannedRows;
  private int mostDecoded = 1;
  private int turn;
  private int decoding;
  private int prefilling;
  private int shared;
  private long attended;

  /** Tokens of one generation that follow one another. */
  private record Piece(Generation generation, int sequence, int from, int count, int[] guess) {}

  /**
   * Makes a plan for a backend's batches.
   *
   * @param inOrder whether the tokens of a batch stand in the order of their sequences
   */
  BatchPlan(StepBatch batch, StepCost cost, EngineOptions options, boolean inOrder) {
    this.batch = batch;
    this.inOrder = inOrder;
    promptLookup = options.promptLookup();
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
    plannedRows = 0;
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
    addGuesses();
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
    double longest = Math.max(targetNanos, 2 * spent);
    Generation oldest = prompts.getFirst();
    prompts.sort(PROMPT_ORDER);
    int most = prompts.size() == 1 ? limit : Math.max(limit / OLDEST_PART, 1);
    double share = prompts.size() == 1 ? longest : spent + (longest - spent) / OLDEST_PART;
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
        addPrompt(generation, affordable(generation, limit - prefilling, longest, least));
      }
    }
    addPrompt(oldest, affordable(oldest, limit - prefilling, longest, 0));
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
    plannedRows += from + count == generation.tokens().size() ? 1 : 0;
    pieces.add(new Piece(generation, slot.sequence, from, count, NO_GUESS));
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
    for (int i = 0; i < piece.guess.length; i++) {
      batch.add(piece.guess[i], piece.from + piece.count + i, piece.sequence, true);
      rows.add(piece.generation);
    }
  }

  /** Adds what answers may go on with, as far as rows are left and it pays. */
  private void addGuesses() {
    double alone = cost.nanos(decoding, prefilling, attended);
    if (promptLookup == 0 || decoding == 0 || alone == 0) {
      return;
    }
    double longest = longestWithGuesses(alone);
    double tokens = decoding;
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      Generation generation = piece.generation;
      Slot slot = generation.slot();
      int most = Math.min(promptLookup, Math.min(room(), batch.limits().rows() - plannedRows));
      // What more rows cost is known only near where they have been seen.
      most = Math.min(most, 2 * mostDecoded - decoding);
      most = Math.min(most, generation.guessable(batch.limits().contextTokens()));
      boolean isDecode = piece.count == 1 && piece.from == generation.tokens().size() - 1;
      if (slot == null || !isDecode || most < 1) {
        continue;
      }
      int[] guess = PromptLookup.guess(generation.tokens(), most);
      int count = worthGuessing(generation, guess.length, tokens, longest);
      if (count > 0) {
        guess = Arrays.copyOf(guess, count);
        pieces.set(i, new Piece(generation, piece.sequence, piece.from, 1, guess));
        generation.guess(guess);
        slot.schedule(count);
        tokens += generation.lookup.expected(count);
        attended += attended(piece.from + 1, count);
        planned += count;
        plannedRows += count;
        decoding += count;
      }
    }
  }

  /**
   * Guesses delay others no further than prompts do; who is alone may wait for two of its steps.
   */
  private double longestWithGuesses(double nanos) {
    if (targetNanos == 0) {
      return Double.MAX_VALUE;
    }
    return planned == 1 ? Math.max(targetNanos, 2 * nanos) : targetNanos;
  }

  /**
   * How many guessed tokens make most tokens in the time of the step, by what their rows cost and
   * by the chance that they are right; 1 where that is to be seen again.
   *
   * @param tokens that the step makes without them, as far as is known
   */
  private int worthGuessing(Generation generation, int most, double tokens, double longest) {
    if (most == 0) {
      return 0;
    }
    double best = tokens / cost.nanos(decoding, prefilling, attended);
    int count = 0;
    for (int i = 1; i <= most; i++) {
      double nanos = nanosWithGuess(generation, i);
      double rate = (tokens + generation.lookup.expected(i)) / nanos;
      if (nanos <= longest && rate > best) {
        best = rate;
        count = i;
      }
    }
    boolean isTrial =
        count == 0 && generation.lookup.isTrialDue() && nanosWithGuess(generation, 1) <= longest;
    return isTrial ? 1 : count;
  }

  private double nanosWithGuess(Generation generation, int count) {
    long looked = attended + attended(generation.tokens().size(), count);
    return cost.nanos(decoding + count, prefilling, looked);
  }

  /** Tells the cost model how long the step took. */
  void took(long nanos) {
    cost.observe(decoding, prefilling, attended, nanos);
    mostDecoded = Math.max(mostDecoded, decoding);
  }

  /** Lets go of whose the rows are: an engine that stands idle holds nobody's prompt. */
  void forget() {
    rows.clear();
  }

  /** Tokens of the batch that continue answers, guessed ones too; the others belong to prompts. */
  int decoding() {
    return decoding;
  }

  /** Whose each output row is, in the order of rows. */
  List<Generation> rows() {
    return rows;
  }
}
