package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A backend without a model, for measuring everything around one: it answers with the tokens of
 * {@link FakeModel} at a pace that is asked for. Returns two candidates for a row.
 *
 * <p>The end token is the most likely one exactly where a sequence holds {@code answerTokens}
 * generated tokens, wherever its prompt ended; the token that would have followed is then the
 * second, so a caller that forbids the end token gets {@link FakeModel#answer} on and on.
 *
 * <p>A step waits where options ask for it and never allocates. It does not check its thread: one
 * at a time must use it.
 */
public final class FakeBackend implements Backend {
  private static final int CANDIDATES = 2;

  /** The two candidates' probabilities, 0.8 and 0.15, as logits whose log sum of all is 0. */
  private static final float FIRST_LOGIT = (float) Math.log(0.8);

  private static final float SECOND_LOGIT = (float) Math.log(0.15);

  private final FakeOptions options;
  private final BackendLimits limits;
  private final BackendDescription description;
  private final Pace pace;
  // By sequence and position: the state after that token, and how many tokens up to it, itself
  // included, are generated ones. Kept for each position so that a sequence can be cut anywhere.
  private final long[] states;
  private final int[] generated;
  private final SequenceLengths held;
  private final int[] lengths;
  private final int[] embedded = new int[EmbeddingBatch.SEQUENCES];
  private long steps;
  private long tokens;
  private long stepNanos;

  private FakeBackend(FakeOptions options, Pace.Clock clock) {
    this.options = options;
    limits =
        new BackendLimits(
            options.sequences(),
            options.contextTokens(),
            options.batchTokens(),
            FakeModel.VOCABULARY_SIZE,
            CANDIDATES);
    description =
        new BackendDescription(
            "fake", options.modelName(), "fake:" + hashOf(options), "none (simulated)", true);
    pace = new Pace(options.tokensPerSecond(), options.firstTokenMillis(), clock);
    int cells = Math.multiplyExact(options.sequences(), options.contextTokens());
    states = new long[cells];
    generated = new int[cells];
    held = new SequenceLengths(options.sequences());
    lengths = held.values();
  }

  /** Opens one; there is nothing that can fail but memory. */
  public static FakeBackend open(FakeOptions options) {
    return open(options, Pace.Clock.SYSTEM);
  }

  static FakeBackend open(FakeOptions options, Pace.Clock clock) {
    return new FakeBackend(options, clock);
  }

  /** Equal for two backends that give the same answers. */
  private static String hashOf(FakeOptions options) {
    String identity = "cocoon fake model 1, answers of " + options.answerTokens() + " tokens";
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(identity.getBytes(UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public BackendDescription description() {
    return description;
  }

  @Override
  public BackendLimits limits() {
    return limits;
  }

  @Override
  public Vocabulary vocabulary() {
    return FakeVocabulary.INSTANCE;
  }

  @Override
  public void step(StepBatch batch) {
    long startNanos = System.nanoTime();
    long paceStart = pace.start();
    checkLimits(batch);
    boolean endsPrompt = compute(batch);
    pace.end(paceStart, endsPrompt);
    steps++;
    tokens += batch.count();
    stepNanos += System.nanoTime() - startNanos;
  }

  private void checkLimits(StepBatch batch) {
    if (!batch.limits().equals(limits)) {
      throw new BackendException(
          "the batch was made for " + batch.limits() + ", not for " + limits);
    }
    if (batch.count() == 0) {
      throw new BackendException("a batch has at least one token");
    }
  }

  /** Returns whether a prompt's last token was in the batch. */
  private boolean compute(StepBatch batch) {
    IntBuffer batchTokens = batch.tokens();
    IntBuffer positions = batch.positions();
    IntBuffer sequences = batch.sequences();
    IntBuffer wantLogits = batch.wantLogits();
    boolean endsPrompt = false;
    int row = 0;
    for (int i = 0; i < batch.count(); i++) {
      int token = batchTokens.get(i);
      int cell = append(sequences.get(i), positions.get(i), token, batch, i);
      if (wantLogits.get(i) != 0) {
        answer(batch, row++, cell);
        endsPrompt |= token < FakeModel.FIRST_GENERATED;
      }
    }
    return endsPrompt;
  }

  private int append(int sequence, int position, int token, StepBatch batch, int index) {
    if (sequence < 0
        || sequence >= lengths.length
        || position != lengths[sequence]
        || position >= options.contextTokens()
        || token < 0
        || token >= FakeModel.VOCABULARY_SIZE) {
      undo(batch, index);
      throw new BackendException(
          "token " + token + " cannot be at position " + position + " of sequence " + sequence);
    }
    int cell = sequence * options.contextTokens() + position;
    boolean first = position == 0;
    int counted = token >= FakeModel.FIRST_GENERATED ? 1 : 0;
    states[cell] = FakeModel.advance(first ? FakeModel.EMPTY_STATE : states[cell - 1], token);
    generated[cell] = first ? counted : generated[cell - 1] + counted;
    lengths[sequence]++;
    return cell;
  }

  /** Takes back the first tokens of a batch, since there are no partial steps. */
  private void undo(StepBatch batch, int count) {
    for (int i = 0; i < count; i++) {
      lengths[batch.sequences().get(i)]--;
    }
  }

  private void answer(StepBatch batch, int row, int cell) {
    long state = states[cell];
    int next = FakeModel.likeliest(state);
    boolean ends = options.answerTokens() > 0 && generated[cell] == options.answerTokens();
    IntBuffer ids = batch.candidateIds();
    FloatBuffer logits = batch.candidateLogits();
    ids.put(row * CANDIDATES, ends ? FakeModel.END_TOKEN : next);
    ids.put(row * CANDIDATES + 1, ends ? next : FakeModel.secondLikeliest(state));
    logits.put(row * CANDIDATES, FIRST_LOGIT);
    logits.put(row * CANDIDATES + 1, SECOND_LOGIT);
    batch.logSumExp().put(row, 0);
  }

  @Override
  public void truncate(int sequence, int fromPosition) {
    held.truncate(sequence, fromPosition);
  }

  @Override
  public void copyPrefix(int fromSequence, int toSequence, int prefixTokens) {
    held.copyPrefix(fromSequence, toSequence, prefixTokens);
    int from = fromSequence * options.contextTokens();
    int to = toSequence * options.contextTokens();
    System.arraycopy(states, from, states, to, prefixTokens);
    System.arraycopy(generated, from, generated, to, prefixTokens);
  }

  @Override
  public int embeddingSize() {
    return FakeModel.EMBEDDING_SIZE;
  }

  @Override
  public void embed(EmbeddingBatch batch) {
    int size = FakeModel.EMBEDDING_SIZE;
    for (int i = 0; i < batch.count(); i++) {
      int sequence = batch.sequences().get(i);
      if (batch.positions().get(i) != embedded[sequence]++) {
        throw new BackendException("a token of a text was left out");
      }
      float[] state = FakeModel.hiddenState(batch.tokens().get(i));
      for (int j = 0; j < size; j++) {
        int at = sequence * size + j;
        batch.sums().put(at, batch.sums().get(at) + state[j]);
      }
    }
  }

  @Override
  public void forgetEmbedding(int sequence) {
    embedded[sequence] = 0;
  }

  @Override
  public BackendStats stats() {
    return new BackendStats(steps, tokens, stepNanos);
  }

  @Override
  public void close() {
    // Nothing but Java memory is held.
  }

  private enum FakeVocabulary implements Vocabulary {
    INSTANCE;

    @Override
    public int size() {
      return FakeModel.VOCABULARY_SIZE;
    }

    @Override
    public int[] tokenize(String text, boolean parseSpecial) {
      return FakeModel.tokenize(text);
    }

    @Override
    public byte[] piece(int token) {
      return FakeModel.piece(token);
    }

    @Override
    public boolean endsGeneration(int token) {
      return token == FakeModel.END_TOKEN;
    }

    @Override
    public int[] prefix() {
      return new int[0];
    }

    @Override
    public @Nullable String chatTemplate() {
      return null;
    }

    @Override
    public String beginText() {
      return "";
    }

    @Override
    public String endText() {
      return "";
    }
  }
}
