package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendDescription;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.BackendLimits;
import org.cocoon.backend.BackendStats;
import org.cocoon.backend.EmbeddingBatch;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeModel;
import org.cocoon.backend.FakeOptions;
import org.cocoon.backend.StepBatch;
import org.cocoon.backend.Vocabulary;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.cocoon.worker.engine.StepOutcome.Vector;
import org.junit.jupiter.api.Test;

class EmbedderTest {
  private static final int CONTEXT = 256;
  private static final long TOKEN_NANOS = 1_000_000;

  private final Slow backend = new Slow();
  private final EngineOptions options = EngineOptions.DEFAULTS.withMaxQueued(3);
  private final Embedder embedder = new Embedder(backend, options, () -> backend.nanos);
  private final EmbeddingDesk desk;
  private final Map<Long, Map<Integer, float[]>> vectors = new HashMap<>();
  private final Map<Long, Ended> ended = new HashMap<>();
  private final List<Long> order = new ArrayList<>();

  EmbedderTest() {
    TokenTable tokens = new TokenTable(backend.vocabulary());
    PromptBuilder prompts =
        new PromptBuilder(backend.vocabulary(), tokens, () -> Instant.EPOCH, 1_000_000);
    desk = new EmbeddingDesk(backend.limits(), tokens, prompts);
  }

  /** The fake backend, on a clock by which each token takes a millisecond. */
  private static final class Slow implements Backend {
    private final FakeBackend fake =
        FakeBackend.open(FakeOptions.DEFAULT.withSizes(2, CONTEXT, 64));
    final List<Integer> batches = new ArrayList<>();
    long nanos;
    boolean fails;

    @Override
    public int embeddingSize() {
      return fake.embeddingSize();
    }

    @Override
    public void embed(EmbeddingBatch batch) {
      if (fails) {
        throw new BackendException("it fails");
      }
      batches.add(batch.count());
      nanos += batch.count() * TOKEN_NANOS;
      fake.embed(batch);
    }

    @Override
    public void forgetEmbedding(int sequence) {
      fake.forgetEmbedding(sequence);
    }

    @Override
    public BackendDescription description() {
      return fake.description();
    }

    @Override
    public BackendLimits limits() {
      return fake.limits();
    }

    @Override
    public Vocabulary vocabulary() {
      return fake.vocabulary();
    }

    @Override
    public void step(StepBatch batch) {
      throw new AssertionError("no answers here");
    }

    @Override
    public void truncate(int sequence, int fromPosition) {}

    @Override
    public void copyPrefix(int fromSequence, int toSequence, int tokens) {}

    @Override
    public BackendStats stats() {
      return fake.stats();
    }

    @Override
    public void close() {}
  }

  private static RunKey key(long run) {
    return new RunKey(1, run);
  }

  private void ask(long run, String... texts) {
    List<EmbeddingRequest.Input> inputs = new ArrayList<>();
    for (String text : texts) {
      inputs.add(new EmbeddingRequest.Input.Text(text));
    }
    ask(new EmbeddingRequest(key(run), "test-" + run, inputs));
  }

  private void ask(EmbeddingRequest request) {
    if (embedder.arrive(request)) {
      embedder.prepared(request.key(), desk.prepare(request));
    }
  }

  private void run(boolean beside) {
    while (embedder.hasWork()) {
      step(beside);
    }
  }

  private void step(boolean beside) {
    StepOutcome outcome = embedder.step(beside);
    for (Delta delta : outcome.deltas()) {
      Vector vector = Objects.requireNonNull(delta.vector());
      long run = delta.key().run();
      assertFalse(ended.containsKey(run));
      vectors.computeIfAbsent(run, any -> new HashMap<>()).put(vector.input(), vector.values());
    }
    for (Ended one : outcome.ended()) {
      ended.put(one.key().run(), one);
      order.add(one.key().run());
    }
  }

  private void assertVectors(long run, String... texts) {
    Map<Integer, float[]> got = Objects.requireNonNull(vectors.get(run));
    assertEquals(texts.length, got.size());
    int tokens = 0;
    for (int i = 0; i < texts.length; i++) {
      assertArrayEquals(FakeModel.embedding(FakeModel.tokenize(texts[i])), got.get(i), 1e-6f);
      tokens += FakeModel.tokenize(texts[i]).length;
    }
    Ended.Finished finished = finished(run);
    assertEquals(FinishReason.STOP, finished.reason());
    assertEquals(tokens, finished.promptTokens());
    assertEquals(0, finished.completionTokens());
  }

  private Ended.Finished finished(long run) {
    return (Ended.Finished) Objects.requireNonNull(ended.get(run));
  }

  private RefusalCause refused(long run) {
    return ((Ended.Refused) Objects.requireNonNull(ended.get(run))).cause();
  }

  @Test
  void eachTextGetsItsVectorHoweverManyShareABatch() {
    String[] many = new String[40];
    for (int i = 0; i < many.length; i++) {
      many[i] = "text number " + i + " ".repeat(i);
    }
    ask(1, many);
    ask(2, "x".repeat(CONTEXT));
    ask(3, "short");
    run(false);
    assertVectors(1, many);
    assertVectors(2, "x".repeat(CONTEXT));
    assertVectors(3, "short");
    assertTrue(backend.batches.stream().allMatch(count -> count <= EmbeddingBatch.TOKENS));
  }

  @Test
  void aRequestWithManyTextsLetsOneWithASingleOnePass() {
    String[] many = new String[100];
    Arrays.fill(many, "y".repeat(50));
    ask(1, many);
    step(false);
    ask(2, "short");
    run(false);
    assertEquals(List.of(2L, 1L), order);
  }

  @Test
  void besideAnswersABatchTakesAQuarterOfAStepAtMost() {
    ask(1, "z".repeat(CONTEXT));
    run(true);
    assertEquals(Embedder.LEAST, backend.batches.getFirst(), "nothing is known yet");
    int most = options.targetStepMillis() / 4; // of tokens that take a millisecond each
    backend.batches.forEach(count -> assertTrue(count <= most, count + " tokens"));
    assertTrue(backend.batches.contains(most));
  }

  @Test
  void aCancelledRequestEndsAndFreesItsPlaces() {
    ask(1, "a".repeat(CONTEXT));
    step(false);
    embedder.cancel(key(1));
    ask(2, "b".repeat(CONTEXT));
    run(false);
    assertEquals(FinishReason.CANCELLED, finished(1).reason());
    assertVectors(2, "b".repeat(CONTEXT));
  }

  @Test
  void saysWhatIsWrongWithATextAndTakesNoMoreThanItsQueue() {
    ask(1, "ok", "x".repeat(CONTEXT + 1));
    ask(2, "ok", "");
    ask(
        new EmbeddingRequest(
            key(3), "t", List.of(new EmbeddingRequest.Input.Ids(new int[] {99_999}))));
    ask(new EmbeddingRequest(key(4), "t", List.of()));
    for (long run = 5; run < 10; run++) {
      ask(run, "a");
    }
    run(false);
    assertEquals(RefusalCause.PROMPT_TOO_LONG, refused(1));
    assertEquals(RefusalCause.BAD_REQUEST, refused(2));
    assertEquals(RefusalCause.BAD_REQUEST, refused(3));
    assertEquals(RefusalCause.BAD_REQUEST, refused(4));
    assertVectors(8, "a");
    assertEquals(RefusalCause.BUSY, refused(9), "three may wait, beside the one that runs");
  }

  @Test
  void aFailureOfTheBackendEndsTheRequestsAndLaterOnesWork() {
    ask(1, "a");
    backend.fails = true;
    run(false);
    assertEquals(RefusalCause.ENGINE, refused(1));
    backend.fails = false;
    ask(2, "b");
    run(false);
    assertVectors(2, "b");
    embedder.shut(RefusalCause.DRAINING, "closing");
    ask(3, "c");
    run(false);
    assertEquals(RefusalCause.DRAINING, refused(3));
  }
}
