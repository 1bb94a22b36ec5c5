package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** A scheduler without threads, with a clock that the test moves, and what it told so far. */
final class Desk {
  final HashBackend backend;
  final Scheduler scheduler;

  /** Options without a target for a step's time, so that batches depend on nothing but tokens. */
  static final EngineOptions UNTIMED = EngineOptions.DEFAULTS.withTargetStepMillis(0);

  long nanos = 1_000_000_000L;
  private final Map<RunKey, Answer> answers = new HashMap<>();

  /** What was told of one generation. */
  static final class Answer {
    final List<Integer> ids = new ArrayList<>();
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    final List<TokenLogprob> logprobs = new ArrayList<>();
    @Nullable Ended ended;

    String text() {
      String text = bytes.toString(UTF_8);
      assertEquals(bytes.size(), text.getBytes(UTF_8).length, "torn UTF-8");
      return text;
    }

    int[] idArray() {
      return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    Ended.Finished finished() {
      if (ended instanceof Ended.Finished finished) {
        return finished;
      }
      throw new AssertionError("not finished, but " + ended);
    }

    Ended.Refused refused() {
      if (ended instanceof Ended.Refused refused) {
        return refused;
      }
      throw new AssertionError("not refused, but " + ended);
    }
  }

  Desk(HashBackend backend, EngineOptions options) {
    this.backend = backend;
    backend.clock = spent -> nanos += spent;
    TokenTable tokens = new TokenTable(backend.vocabulary());
    PromptBuilder prompts =
        new PromptBuilder(
            backend.vocabulary(), tokens, () -> Instant.EPOCH, options.maxPromptChars());
    Preparer preparer = new Preparer(backend.limits(), tokens, prompts);
    PromptDesk direct =
        (request, done) -> {
          done.accept(preparer.prepare(request));
          return () -> {};
        };
    scheduler = new Scheduler(backend, options, tokens, direct, () -> nanos);
  }

  static Desk of(int sequences) {
    return new Desk(new HashBackend(sequences, 512, 128), UNTIMED);
  }

  /** A request with a lot of credit and no deadline. */
  static GenerationRequest request(long run, String prompt, int maxTokens) {
    return request(run, prompt, maxTokens, Sampling.GREEDY, List.of(), Continuation.NONE);
  }

  static GenerationRequest request(
      long run,
      String prompt,
      int maxTokens,
      Sampling sampling,
      List<String> stop,
      Continuation continuation) {
    return new GenerationRequest(
        new RunKey(1, run),
        "test-" + run,
        "tenant",
        new Prompt.Text(prompt),
        sampling,
        maxTokens,
        stop,
        false,
        false,
        0,
        1_000_000,
        0,
        continuation);
  }

  static GenerationRequest inScope(String scope, GenerationRequest of) {
    return new GenerationRequest(
        of.key(),
        of.requestId(),
        scope,
        of.prompt(),
        of.sampling(),
        of.maxTokens(),
        of.stop(),
        of.ignoreEos(),
        of.logprobs(),
        of.topLogprobs(),
        of.credit(),
        of.deadlineMillis(),
        of.continuation(),
        of.form(),
        of.priority(),
        of.choices());
  }

  static GenerationRequest withCredit(GenerationRequest of, int credit, int deadlineMillis) {
    return new GenerationRequest(
        of.key(),
        of.requestId(),
        of.cacheScope(),
        of.prompt(),
        of.sampling(),
        of.maxTokens(),
        of.stop(),
        of.ignoreEos(),
        of.logprobs(),
        of.topLogprobs(),
        credit,
        deadlineMillis,
        of.continuation(),
        of.form(),
        of.priority(),
        of.choices());
  }

  /** Makes one step and keeps what it told. */
  StepOutcome step() {
    nanos += 1_000_000;
    StepOutcome outcome = scheduler.step();
    for (Delta delta : outcome.deltas()) {
      Answer answer = answer(delta.key().run(), delta.key().choice());
      assertTrue(answer.ended == null, "a delta after the end");
      for (int id : delta.ids()) {
        answer.ids.add(id);
      }
      answer.bytes.writeBytes(delta.text());
      answer.logprobs.addAll(delta.logprobs());
    }
    assertEquals(
        outcome.deltas().size(),
        outcome.deltas().stream().map(Delta::key).distinct().count(),
        "one delta for each generation");
    for (Ended ended : outcome.ended()) {
      Answer answer = answer(ended.key().run(), ended.key().choice());
      assertTrue(answer.ended == null, "ended twice");
      answer.ended = ended;
    }
    return outcome;
  }

  /** Steps until nothing is left to do. */
  void finish() {
    for (int i = 0; scheduler.hasWork(); i++) {
      assertTrue(i < 100_000, "no end in sight");
      step();
    }
  }

  Answer answer(long run) {
    return answers.computeIfAbsent(new RunKey(1, run), key -> new Answer());
  }

  /** One of several answers to a request. */
  Answer answer(long run, int choice) {
    return answers.computeIfAbsent(new RunKey(1, run, choice), key -> new Answer());
  }

  /** The answer to a request that has an engine for itself. */
  static Answer alone(GenerationRequest request) {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(withCredit(request, 1_000_000, 0));
    desk.finish();
    return desk.answer(request.key().run());
  }
}
