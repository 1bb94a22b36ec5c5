package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.worker.constraint.Answers;
import org.cocoon.worker.constraint.Constraint;
import org.cocoon.worker.constraint.Progress;
import org.cocoon.worker.constraint.RandomSchemas;
import org.cocoon.worker.constraint.SchemaException;
import org.cocoon.worker.constraint.Tokens;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Forms and a real model with its real vocabulary. How many schemas, and the seed of the first: the
 * system properties {@code cocoon.schemas} and {@code cocoon.schemas.first}.
 */
@EnabledIfSystemProperty(named = "cocoon.model", matches = ".+")
class ModelFormTest {
  private static final int SCHEMAS = Integer.getInteger("cocoon.schemas", 6);
  private static final int FIRST = Integer.getInteger("cocoon.schemas.first", 0);
  private static final int MAX_TOKENS = 700;

  private static LlamaBackend open(int sequences) {
    return LlamaBackend.open(
        new LlamaOptions(
            Path.of(Objects.requireNonNull(System.getProperty("cocoon.native"))),
            Path.of(Objects.requireNonNull(System.getProperty("cocoon.model"))),
            "smollm2",
            sequences,
            1_024,
            256,
            1));
  }

  @Test
  void theModelHonoursSchemas(TestReporter reporter) throws InterruptedException {
    Map<Long, ByteArrayOutputStream> texts = new HashMap<>();
    LinkedBlockingQueue<Ended> ends = new LinkedBlockingQueue<>();
    StepListener listener =
        outcome -> {
          for (StepOutcome.Delta delta : outcome.deltas()) {
            texts
                .computeIfAbsent(delta.key().run(), run -> new ByteArrayOutputStream())
                .writeBytes(delta.text());
          }
          ends.addAll(outcome.ended());
        };
    int byItself = 0;
    EngineOptions options = EngineOptions.DEFAULTS;
    try (NativeEngine engine = NativeEngine.open(open(8), options, listener)) {
      for (int first = 0; first < SCHEMAS; first += 8) {
        int last = Math.min(first + 8, SCHEMAS);
        for (int seed = first; seed < last; seed++) {
          engine.generate(request(FIRST + seed));
        }
        for (int i = first; i < last; i++) {
          Ended ended = Objects.requireNonNull(ends.poll(300, TimeUnit.SECONDS), "no end in time");
          long seed = ended.key().run();
          String schema = RandomSchemas.of(seed).toString();
          Ended.Finished end = assertInstanceOf(Ended.Finished.class, ended, schema);
          String text = Objects.requireNonNull(texts.get(seed)).toString(UTF_8);
          assertEquals("", Answers.faults(schema, text), seed + ": " + text + schema);
          byItself += end.reason() == FinishReason.STOP ? 1 : 0;
        }
      }
    }
    reporter.publishEntry(
        "valid answers", SCHEMAS + ", of which " + byItself + " ended by themselves");
  }

  private static GenerationRequest request(long seed) {
    String schema = RandomSchemas.of(seed).toString();
    return new GenerationRequest(
            new RunKey(1, seed),
            "test-" + seed,
            "tenant",
            new Prompt.Chat(List.of(new Message("user", "Answer with JSON about a cat.")), ""),
            new Sampling(1, 1, 0, 0, seed, 0, 0, 1, Map.of()),
            MAX_TOKENS,
            List.of(),
            false,
            false,
            0,
            1_000_000,
            0,
            Continuation.NONE)
        .withForm(new AnswerForm.Schema(schema));
  }

  @Test
  void aMaskCostsLittleBesideAStep(TestReporter reporter) throws SchemaException {
    try (LlamaBackend backend = open(1)) {
      TokenTable table = new TokenTable(backend.vocabulary());
      long start = System.nanoTime();
      Tokens tokens = new Tokens(table.size(), table::piece, table::endsGeneration);
      reporter.publishEntry("vocabulary", micros(System.nanoTime() - start));
      measure(tokens, new long[2_000], new long[2_000], new long[200]); // compiled first
      long[] cold = new long[20_000];
      long[] again = new long[20_000];
      long[] compiling = new long[200];
      int masks = measure(tokens, cold, again, compiling);
      Arrays.sort(compiling);
      Arrays.sort(cold, 0, masks);
      Arrays.sort(again, 0, masks);
      reporter.publishEntry("schema compiled, median", micros(compiling[100]));
      reporter.publishEntry("first asked, median", micros(cold[masks / 2]));
      reporter.publishEntry("first asked, p99", micros(cold[masks * 99 / 100]));
      reporter.publishEntry("asked again, median", micros(again[masks / 2]));
      assertTrue(cold[masks / 2] < 10_000_000, "a mask takes " + micros(cold[masks / 2]));
      assertTrue(again[masks / 2] < 100_000, "a known mask takes " + micros(again[masks / 2]));
    }
  }

  /** Follows the plainest answers to schemas; returns how many masks there were. */
  private static int measure(Tokens tokens, long[] cold, long[] again, long[] compiling)
      throws SchemaException {
    int masks = 0;
    for (int seed = 0; seed < compiling.length; seed++) {
      String schema = RandomSchemas.of(seed).toString();
      long start = System.nanoTime();
      Constraint form = Constraint.ofSchema(schema, tokens);
      compiling[seed] = System.nanoTime() - start;
      Progress progress = form.begin();
      for (int i = 0; i < 60 && masks < cold.length && !progress.isComplete(); i++) {
        start = System.nanoTime();
        long[] mask = progress.allowed();
        cold[masks] = System.nanoTime() - start;
        start = System.nanoTime();
        long[] same = progress.allowed();
        again[masks++] = System.nanoTime() - start;
        assertEquals(mask, same);
        progress.accept(progress.plainest(progress.allowed()));
      }
    }
    return masks;
  }

  private static String micros(long nanos) {
    return nanos / 1_000 + " us";
  }
}
