package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.junit.jupiter.api.Test;

/** Guessed tokens change how many steps an answer takes, and nothing else. */
class PromptLookupTest {
  private static final Sampling NEVER_ENDS =
      new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.END, -100f));

  /** Guessing pays well. */
  private static final HashBackend.Cost CHEAP_ROWS =
      (rows, others, attended) -> 20_000_000L + 100_000L * rows + 100_000L * others;

  /** Guessing never pays. */
  private static final HashBackend.Cost DEAR_ROWS =
      (rows, others, attended) -> 1_000_000L + 20_000_000L * rows + 1_000_000L * others;

  /** A model whose next token depends on the last one alone, so that it repeats itself. */
  private static Desk desk(int guesses, HashBackend.Cost cost, EngineOptions options) {
    HashBackend backend =
        new HashBackend(4, 512, 128, new TestVocabulary(null), 4 * 512, 4 + guesses);
    backend.remembered = 1;
    backend.cost = cost;
    return new Desk(backend, options.withPromptLookup(guesses));
  }

  private static TokenList list(int... ids) {
    TokenList list = new TokenList(ids.length);
    list.addAll(ids);
    return list;
  }

  @Test
  void guessesWhatFollowedTheLastTime() {
    assertArrayEquals(
        new int[] {4, 9}, PromptLookup.guess(list(1, 2, 3, 7, 1, 2, 3, 4, 9, 1, 2, 3), 2));
    assertArrayEquals(new int[] {5, 8}, PromptLookup.guess(list(7, 2, 3, 5, 8, 2, 3), 2));
    assertEquals(0, PromptLookup.guess(list(1, 2, 3, 4, 5, 6, 3), 4).length, "one is too few");
    assertEquals(0, PromptLookup.guess(list(1), 4).length);
  }

  @Test
  void guessOfARepetitionGoesBeyondItsEnd() {
    assertArrayEquals(new int[] {5, 6, 5, 6, 5}, PromptLookup.guess(list(1, 5, 6, 5, 6, 5, 6), 5));
  }

  private static GenerationRequest request(long run, Random random) {
    Map<Integer, Float> bias = Map.of(TestVocabulary.END, random.nextInt(3) - 1f);
    Sampling sampling =
        switch (random.nextInt(4)) {
          case 0 -> new Sampling(0.3f, 0.9f, 20, 0.01f, run, 0, 0, 1, bias);
          case 1 -> new Sampling(0, 1, 0, 0, 0, 0.05f, 0.05f, 1.02f, bias);
          default -> new Sampling(0, 1, 0, 0, 0, 0, 0, 1, bias);
        };
    List<String> stop = random.nextInt(3) == 0 ? List.of("ab" + (char) ('a' + run % 3)) : List.of();
    GenerationRequest request =
        new GenerationRequest(
            new RunKey(1, run),
            "test-" + run,
            "tenant",
            new GenerationRequest.Prompt.Text("abcabc" + run),
            sampling,
            5 + random.nextInt(60),
            stop,
            random.nextInt(4) == 0,
            random.nextBoolean(),
            random.nextInt(3),
            random.nextInt(5),
            0,
            Continuation.NONE);
    boolean hasForm = random.nextInt(4) == 0 && !request.ignoreEos();
    return hasForm
        ? request.withForm(
            new AnswerForm.Schema("{\"type\":\"array\",\"items\":{\"enum\":[\"ab\",\"ac\"]}}"))
        : request;
  }

  /** Asks for the same answers of an engine, and grants what the others were granted, at a time. */
  private static Desk answered(int guesses, int runs, Random random) {
    Desk desk = desk(guesses, CHEAP_ROWS, Desk.UNTIMED);
    long[] granted = new long[runs];
    for (int run = 0; run < runs; run++) {
      GenerationRequest request = request(run, random);
      granted[run] = request.credit();
      desk.scheduler.arrive(request);
    }
    Random credits = new Random(7);
    for (int i = 0; i < 5_000; i++) {
      for (int k = 0; k < 2; k++) {
        int run = credits.nextInt(runs);
        int credit = 1 + credits.nextInt(12);
        granted[run] += credit;
        desk.scheduler.grant(new RunKey(1, run), credit);
      }
      desk.step();
      for (int run = 0; run < runs; run++) {
        assertTrue(desk.answer(run).ids.size() <= granted[run], "more than was granted");
      }
    }
    return desk;
  }

  @Test
  void answersAreTheSameWithFewerSteps() {
    int runs = 60;
    Desk without = answered(0, runs, new Random(3));
    Desk with = answered(6, runs, new Random(3));
    int tokens = 0;
    for (int run = 0; run < runs; run++) {
      Desk.Answer expected = without.answer(run);
      Desk.Answer answer = with.answer(run);
      assertEquals(expected.ids, answer.ids, "ids of " + run);
      assertEquals(expected.text(), answer.text(), "text of " + run);
      assertEquals(expected.logprobs.size(), answer.logprobs.size());
      for (int i = 0; i < expected.logprobs.size(); i++) {
        assertEquals(expected.logprobs.get(i).logprob(), answer.logprobs.get(i).logprob());
        assertArrayEquals(expected.logprobs.get(i).piece(), answer.logprobs.get(i).piece());
        assertEquals(
            expected.logprobs.get(i).top().stream().map(StepOutcome.Alternative::id).toList(),
            answer.logprobs.get(i).top().stream().map(StepOutcome.Alternative::id).toList());
      }
      assertEquals(expected.finished().reason(), answer.finished().reason());
      assertEquals(expected.finished().stop(), answer.finished().stop());
      assertEquals(expected.finished().completionTokens(), answer.finished().completionTokens());
      tokens += answer.ids.size();
    }
    int steps = with.backend.steps.size();
    assertTrue(tokens > 500, tokens + " tokens prove little");
    assertTrue(steps * 1.15 < without.backend.steps.size(), steps + " steps");
    assertEquals(with.backend.usedCells(), with.scheduler.cachedTokens(), "cells");
  }

  private static GenerationRequest endless(long run) {
    return Desk.request(run, "abc" + run, 300, NEVER_ENDS, List.of(), Continuation.NONE);
  }

  @Test
  void cancelledBetweenGuessesItKeepsWhatItWasTold() {
    Desk desk = desk(6, CHEAP_ROWS, Desk.UNTIMED);
    desk.scheduler.arrive(endless(1));
    for (int i = 0; i < 30; i++) {
      desk.step();
    }
    int told = desk.answer(1).ids.size();
    assertTrue(told > 40, "nothing was guessed");
    desk.scheduler.cancel(new RunKey(1, 1));
    desk.finish();
    assertEquals(told, desk.answer(1).finished().completionTokens());
    desk.scheduler.arrive(endless(1 << 10)); // in the same sequence, whose cache was cut
    desk.finish();
    Desk without = desk(0, CHEAP_ROWS, Desk.UNTIMED);
    without.scheduler.arrive(endless(1 << 10));
    without.finish();
    assertEquals(without.answer(1 << 10).ids, desk.answer(1 << 10).ids);
  }

  private static int rows(Desk desk) {
    return desk.backend.steps.stream().mapToInt(HashBackend.Step::rows).sum();
  }

  /**
   * Rows for each token of an answer of three letters at random: a guess is right once in three.
   */
  private static double rowsPerToken(HashBackend.Cost cost) {
    Map<Integer, Float> letters =
        Map.of(
            TestVocabulary.BYTES + 'a', 60f,
            TestVocabulary.BYTES + 'b', 60f,
            TestVocabulary.BYTES + 'c', 60f);
    Sampling random = new Sampling(2, 1, 0, 0, 1, 0, 0, 1, letters);
    Desk desk = desk(6, cost, Desk.UNTIMED);
    desk.scheduler.arrive(Desk.request(1, "abc", 400, random, List.of(), Continuation.NONE));
    desk.finish();
    assertEquals(400, desk.answer(1).ids.size());
    return rows(desk) / 400.0;
  }

  @Test
  void guessesAreMadeWhereTheyPayByWhatRowsCostAndHowManyAreRight() {
    double dear = rowsPerToken(DEAR_ROWS);
    assertTrue(dear < 1.15, dear + " rows for each token where guessing costs more than it gives");
    double cheap = rowsPerToken(CHEAP_ROWS);
    assertTrue(cheap > 1.5, cheap + " rows for each token where guessing costs nearly nothing");
  }

  @Test
  void guessesDelayNobodyBeyondTheTarget() {
    HashBackend.Cost cost = (rows, others, attended) -> 30_000_000L + 3_000_000L * (rows + others);
    EngineOptions target = EngineOptions.DEFAULTS.withTargetStepMillis(60);
    Desk desk = desk(30, cost, target);
    List<Long> runs = List.of(1L, 2L, 3L);
    runs.forEach(run -> desk.scheduler.arrive(endless(run)));
    List<Double> times = new ArrayList<>();
    int before = 0;
    while (desk.scheduler.hasWork()) {
      long start = desk.nanos;
      desk.step();
      times.add((desk.nanos - start) / 1e6 - 1); // between steps a millisecond passes
      if (times.size() == 20) {
        before = rows(desk);
      }
    }
    List<Double> settled = times.subList(20, times.size());
    double longest = settled.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    assertTrue(longest < 60 + 2 * 3, longest + " ms is more than one row beyond the target");
    assertTrue(rows(desk) - before > 4 * settled.size(), "nothing was guessed");
  }
}
