package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.cocoon.backend.BackendLimits;
import org.cocoon.backend.StepBatch;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int VOCABULARY = 400;
  private static final double FLOOR = Math.scalb(1.0, -24);

  @Test
  void choosesWhatPlainSortingChooses() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 3_000; round++) {
      float[] logits = randomLogits(random);
      Sampling sampling = randomSampling(random);
      TokenCounts counts = new TokenCounts();
      Map<Integer, Integer> seen = new HashMap<>();
      for (int i = random.nextInt(60); i > 0; i--) {
        int token = random.nextInt(VOCABULARY);
        if (random.nextBoolean()) {
          counts.seen(token);
          seen.putIfAbsent(token, 0);
        } else {
          counts.answered(token);
          seen.merge(token, 1, Integer::sum);
        }
      }
      LogitRow row = dense(logits);
      int expected = reference(logits, sampling, seen, round);
      int chosen = new Sampler(row).choose(sampling, counts, round);
      assertEquals(expected, chosen, "round " + round + " of " + sampling);
    }
  }

  /** Everything in doubles, by sorting, as one would write it down. */
  private static int reference(
      float[] raw, Sampling sampling, Map<Integer, Integer> seen, int position) {
    float[] logits = raw.clone();
    seen.forEach(
        (token, count) -> {
          float penalty = sampling.repetitionPenalty();
          logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
          if (count > 0) {
            logits[token] -= count * sampling.frequencyPenalty() + sampling.presencePenalty();
          }
        });
    sampling.logitBias().forEach((token, bias) -> logits[token] += bias);
    Comparator<Integer> likelier =
        Comparator.<Integer>comparingDouble(token -> -logits[token])
            .thenComparingInt(token -> token);
    List<Integer> order =
        new ArrayList<>(IntStream.range(0, logits.length).boxed().sorted(likelier).toList());
    if (sampling.temperature() == 0) {
      return order.getFirst();
    }
    float max = logits[order.getFirst()];
    double[] weights = new double[logits.length];
    for (int token = 0; token < logits.length; token++) {
      weights[token] = Math.exp((double) (logits[token] - max) / sampling.temperature());
    }
    order.removeIf(token -> weights[token] < FLOOR);
    if (sampling.topK() > 0 && sampling.topK() < order.size()) {
      order = order.subList(0, sampling.topK());
    }
    double mass = order.stream().mapToDouble(token -> weights[token]).sum() * sampling.topP();
    double sum = 0;
    int kept = 0;
    while (kept < order.size() && (kept == 0 || sum < mass)) {
      sum += weights[order.get(kept++)];
    }
    order = new ArrayList<>(order.subList(0, sampling.topP() < 1 ? kept : order.size()));
    order.removeIf(token -> weights[token] < sampling.minP());
    order.sort(null);
    double total = order.stream().mapToDouble(token -> weights[token]).sum();
    double target = total * Draws.unit(sampling.seed(), position);
    for (int token : order) {
      target -= weights[token];
      if (target < 0) {
        return token;
      }
    }
    return order.getLast();
  }

  private static float[] randomLogits(Random random) {
    float[] logits = new float[VOCABULARY];
    float spread = 1 + random.nextInt(12);
    for (int i = 0; i < logits.length; i++) {
      // Coarse steps make equal logits frequent, where only the order of ids decides.
      logits[i] = Math.round(random.nextGaussian() * spread * 4) / 4f;
    }
    return logits;
  }

  private static Sampling randomSampling(Random random) {
    boolean penalised = random.nextBoolean();
    return new Sampling(
        random.nextInt(5) == 0 ? 0 : 0.1f + random.nextFloat() * 1.9f,
        random.nextBoolean() ? 1 : 0.05f + random.nextFloat() * 0.94f,
        random.nextBoolean() ? 0 : 1 + random.nextInt(VOCABULARY),
        random.nextInt(3) > 0 ? 0 : random.nextFloat() * 0.5f,
        random.nextLong(),
        penalised ? random.nextFloat() : 0,
        penalised ? random.nextFloat() : 0,
        penalised ? 0.8f + random.nextFloat() : 1,
        random.nextBoolean() ? Map.of() : Map.of(random.nextInt(VOCABULARY), 5f));
  }

  @Test
  void drawsEachTokenAsOftenAsItIsLikely() {
    float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    LogitRow row = dense(logits);
    Sampler sampler = new Sampler(row);
    int[] drawn = new int[3];
    Sampling plain = new Sampling(1, 1, 0, 0, 7, 0, 0, 1, Map.of());
    for (int position = 0; position < 100_000; position++) {
      drawn[sampler.choose(plain, new TokenCounts(), position)]++;
    }
    assertEquals(50_000, drawn[0], 700);
    assertEquals(30_000, drawn[1], 700);
    assertEquals(20_000, drawn[2], 700);
  }

  @Test
  void drawsDependOnSeedAndPositionAlone() {
    assertEquals(Draws.unit(1, 5), Draws.unit(1, 5));
    double correlation = 0;
    for (int i = 0; i < 100_000; i++) {
      assertTrue(Draws.unit(i, i) >= 0 && Draws.unit(i, i) < 1);
      correlation += (Draws.unit(i, 3) - 0.5) * (Draws.unit(i + 1, 3) - 0.5);
    }
    assertEquals(0, correlation / 100_000 * 12, 0.02, "neighbouring seeds draw alike");
  }

  @Test
  void candidatesAreChosenAsTheFullRowWould() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      float[] logits = randomLogits(random);
      Sampling sampling = new Sampling(0, 1, 0, 0, 1, 0.2f, 0.1f, 1, Map.of());
      TokenCounts counts = new TokenCounts();
      int likeliest = Softmax.argmax(logits);
      counts.answered(likeliest);
      int chosen = new Sampler(candidates(logits, 64)).choose(sampling, counts, 0);
      assertEquals(new Sampler(dense(logits)).choose(sampling, counts, 0), chosen);
    }
  }

  @Test
  void logprobsAreThoseOfTheModelWhateverTheSampling() {
    float[] logits = new float[VOCABULARY];
    for (int i = 0; i < 4; i++) {
      logits[10 + i] = 10 - i;
    }
    double logSumExp = 0;
    for (float logit : logits) {
      logSumExp += Math.exp(logit);
    }
    logSumExp = Math.log(logSumExp);
    Sampling biased = new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(13, 50f));
    TokenTable tokens = new TokenTable(new TestVocabulary(null));
    for (LogitRow row : List.of(dense(logits), candidates(logits, 64))) {
      int token =
          new Sampler(row).choose(row.isPartial() ? Sampling.GREEDY : biased, new TokenCounts(), 0);
      assertEquals(row.isPartial() ? 10 : 13, token);
      StepOutcome.TokenLogprob told = new Logprobs(row, tokens).describe(13, 2);
      assertEquals(7 - logSumExp, told.logprob(), 1e-4);
      assertEquals(2, told.top().size());
      assertEquals(10, told.top().get(0).id());
      assertEquals(10 - logSumExp, told.top().get(0).logprob(), 1e-4);
      assertEquals(11, told.top().get(1).id());
    }
  }

  private static LogitRow dense(float[] logits) {
    StepBatch batch = new StepBatch(new BackendLimits(1, 8, 8, logits.length, 0));
    batch.logits().put(0, logits);
    LogitRow row = new LogitRow(batch);
    row.load(0);
    return row;
  }

  private static LogitRow candidates(float[] logits, int count) {
    StepBatch batch = new StepBatch(new BackendLimits(1, 8, 8, logits.length, count));
    List<Integer> order =
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble(token -> -logits[token]))
            .toList();
    for (int i = 0; i < count; i++) {
      batch.candidateIds().put(i, order.get(i));
      batch.candidateLogits().put(i, logits[order.get(i)]);
    }
    batch.logSumExp().put(0, (float) Softmax.logSumExp(logits));
    LogitRow row = new LogitRow(batch);
    row.load(0);
    return row;
  }
}
