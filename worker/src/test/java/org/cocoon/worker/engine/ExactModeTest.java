package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.cocoon.backend.Backend;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What an exact engine promises, on a real model: an answer among others that come, go and are
 * cancelled, and one that is cut and goes on elsewhere, is to the last bit the answer alone.
 *
 * <p>System properties: {@code cocoon.exact.streams}, how many answers; {@code cocoon.exact.seed};
 * {@code cocoon.exact=false} takes an engine that is not exact, and must fail.
 */
@EnabledIfSystemProperty(named = "cocoon.model", matches = ".+")
class ExactModeTest {
  private static final int STREAMS = Integer.getInteger("cocoon.exact.streams", 8);
  private static final long SEED = Long.getLong("cocoon.exact.seed", 1);
  private static final boolean EXACT =
      Boolean.parseBoolean(System.getProperty("cocoon.exact", "true"));
  private static final int SEQUENCES = 6;
  private static final String[] WORDS =
      "the of a river stone bread paints seven quickly under Tuesday mayor lamp answered but cold"
          .split(" ", -1);

  /** Others' requests, which are cancelled at any time; their runs are negative. */
  private static final int NOISE = 2;

  private static LlamaBackend open(int sequences) {
    return LlamaBackend.open(
        new LlamaOptions(
                Path.of(Objects.requireNonNull(System.getProperty("cocoon.native"))),
                Path.of(Objects.requireNonNull(System.getProperty("cocoon.model"))),
                "smollm2",
                sequences,
                512,
                256,
                1)
            .withExact(EXACT));
  }

  /** One token as it was told: its id, how likely it was, and what else was. */
  private record Told(int id, float logprob, List<Integer> top, List<Float> likely) {}

  /** A scheduler over the model, whose steps the test makes. */
  private static final class Bench implements AutoCloseable {
    final Backend backend;
    final Scheduler scheduler;
    final Map<Long, List<Told>> told = new HashMap<>();
    int ended;
    private long nanos = 1;

    Bench(int sequences, EngineOptions options) {
      backend = open(sequences);
      TokenTable tokens = new TokenTable(backend.vocabulary());
      PromptBuilder prompts =
          new PromptBuilder(backend.vocabulary(), tokens, () -> Instant.EPOCH, 10_000);
      Preparer preparer = new Preparer(backend.limits(), tokens, prompts);
      PromptDesk desk =
          (request, done) -> {
            done.accept(preparer.prepare(request));
            return () -> {};
          };
      scheduler = new Scheduler(backend, options, tokens, desk, () -> nanos);
    }

    void step() {
      nanos += 1_000_000;
      StepOutcome outcome = scheduler.step();
      for (Delta delta : outcome.deltas()) {
        List<Told> all = told.computeIfAbsent(delta.key().run(), run -> new ArrayList<>());
        for (int i = 0; i < delta.ids().length; i++) {
          TokenLogprob logprob = delta.logprobs().get(i);
          all.add(
              new Told(
                  delta.ids()[i],
                  logprob.logprob(),
                  logprob.top().stream().map(StepOutcome.Alternative::id).toList(),
                  logprob.top().stream().map(StepOutcome.Alternative::logprob).toList()));
        }
      }
      for (Ended end : outcome.ended()) {
        assertTrue(end instanceof Ended.Finished, () -> "refused: " + end);
        ended += end.key().run() > 0 ? 1 : 0;
      }
    }

    @Override
    public void close() {
      backend.close();
    }
  }

  private static String words(Random random, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
    }
    return text.toString();
  }

  private static GenerationRequest request(
      long run, String prompt, int maxTokens, Sampling sampling, Continuation begun) {
    return new GenerationRequest(
        new RunKey(1, run),
        "exact-" + run,
        "scope",
        new Prompt.Text(prompt),
        sampling,
        maxTokens,
        List.of(),
        true,
        true,
        2,
        1_000_000,
        0,
        begun);
  }

  /** Half of them begin alike, half are greedy. */
  private static List<GenerationRequest> requests(Random random) {
    String shared = words(random, 40);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int run = 1; run <= STREAMS; run++) {
      String prompt = (run % 4 < 2 ? shared + " " : "") + words(random, 4 + random.nextInt(40));
      Sampling warm = new Sampling(0.8f, 0.95f, 40, 0, run, 0, 0, 1.1f, Map.of());
      Sampling sampling = run % 2 == 0 ? Sampling.GREEDY : warm;
      requests.add(request(run, prompt, 8 + random.nextInt(20), sampling, Continuation.NONE));
    }
    return requests;
  }

  private static Map<Long, List<Told>> alone(List<GenerationRequest> requests) {
    try (Bench bench = new Bench(1, EngineOptions.DEFAULTS.withReusePrefixes(false))) {
      for (GenerationRequest request : requests) {
        bench.scheduler.arrive(request);
        while (bench.scheduler.hasWork()) {
          bench.step();
        }
      }
      return bench.told;
    }
  }

  /** All of them at random times, with others that are cancelled at random times. */
  private static Map<Long, List<Told>> crowded(List<GenerationRequest> requests, Random random) {
    EngineOptions options =
        EngineOptions.DEFAULTS.withTargetStepMillis(0).withPrefillChunk(24).withMaxQueued(1_000);
    try (Bench bench = new Bench(SEQUENCES, options)) {
      int next = 0;
      long noise = 0;
      while (bench.ended < requests.size()) {
        if (next < requests.size() && random.nextInt(3) == 0) {
          bench.scheduler.arrive(requests.get(next++));
        }
        if (random.nextInt(8) == 0) {
          noise--;
          String prompt = words(random, 1 + random.nextInt(30));
          bench.scheduler.arrive(request(noise, prompt, 20, Sampling.GREEDY, Continuation.NONE));
          if (noise + NOISE < 0) {
            bench.scheduler.cancel(new RunKey(1, noise + NOISE));
          }
        }
        bench.step();
      }
      return bench.told;
    }
  }

  private static int same(
      List<GenerationRequest> requests, Map<Long, List<Told>> alone, Map<Long, List<Told>> other) {
    int same = 0;
    for (GenerationRequest request : requests) {
      List<Told> whole = Objects.requireNonNull(alone.get(request.key().run()));
      int from = request.continuation().ids().length;
      List<Told> rest = other.getOrDefault(request.key().run(), List.of());
      List<Told> expected = whole.subList(from, whole.size());
      if (expected.equals(rest)) {
        same++;
        continue;
      }
      int at = 0;
      while (at < Math.min(rest.size(), expected.size()) && expected.get(at).equals(rest.get(at))) {
        at++;
      }
      System.out.printf(
          "answer %d of %d tokens, given %d, is another from token %d on: %s, not %s%n",
          request.key().run(),
          whole.size(),
          from,
          from + at,
          at < rest.size() ? rest.get(at) : "its end",
          at < expected.size() ? expected.get(at) : "its end");
    }
    return same;
  }

  @Test
  void answersInACrowdAndContinuedOnesAreThoseAlone() {
    Random random = new Random(SEED);
    List<GenerationRequest> requests = requests(random);
    Map<Long, List<Told>> alone = alone(requests);
    int whole = same(requests, alone, crowded(requests, random));
    List<GenerationRequest> rests = new ArrayList<>();
    for (GenerationRequest request : requests) {
      List<Told> told = Objects.requireNonNull(alone.get(request.key().run()));
      int[] ids = told.stream().mapToInt(Told::id).toArray();
      int[] begun = Arrays.copyOf(ids, 1 + random.nextInt(ids.length - 1));
      String prompt = ((Prompt.Text) request.prompt()).text();
      rests.add(
          request(
              request.key().run(),
              prompt,
              request.maxTokens(),
              request.sampling(),
              new Continuation(begun, 0)));
    }
    int continued = same(rests, alone, crowded(rests, random));
    System.out.printf(
        "exact %s: of %d answers, %d among others and %d continued are those alone, to the bit%n",
        EXACT, STREAMS, whole, continued);
    assertEquals(STREAMS, whole, "answers among others");
    assertEquals(STREAMS, continued, "continued answers");
  }
}
