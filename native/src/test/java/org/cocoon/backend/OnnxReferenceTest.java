package org.cocoon.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.cocoon.model.ExportOptions;
import org.cocoon.model.GgufWriter;
import org.cocoon.model.GraphExporter;
import org.cocoon.model.OnnxType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The exported SmolLM2 on ONNX Runtime against llama.cpp.
 *
 * <p>llama.cpp answers greedily; ONNX Runtime then reads prompt and answer and tells its own
 * distribution at every position. As long as its likeliest token is the one that llama.cpp chose, a
 * greedy run of its own would have given the same text. {@code -Dcocoon.reference.prompts=200}
 * takes all prompts; see docs/OPERATIONS.md, "Long checks".
 */
final class OnnxReferenceTest {
  private static final int ANSWER_TOKENS = 64;
  private static final int SEQUENCES = 16;
  private static final int CONTEXT = 160;
  private static final int PROMPTS = Integer.getInteger("cocoon.reference.prompts", 8);
  private static final int FIRST = Integer.getInteger("cocoon.reference.first", 0);

  /** On the same weights in single precision: rounding only. Seen: see docs/adr/0016. */
  private static final double MOST_KL =
      Double.parseDouble(System.getProperty("cocoon.reference.kl", "1e-8"));

  private static final double LEAST_EQUAL = 0.95;

  @TempDir static Path folder;
  private static Path graph = Path.of("");
  private static Path wide = Path.of("");

  /** A prompt, the tokens that were answered, and the logits that each of them was chosen from. */
  private record Sample(int[] prompt, int[] answer, List<float[]> logits) {}

  /** How two engines differ over all answers. */
  private record Difference(
      double meanKl, double maxKl, double prefixShare, double tokenShare, int tokens) {}

  @BeforeAll
  static void export() throws IOException {
    ExportOptions options = new ExportOptions(OnnxType.FLOAT32, false, 512, 0, "", "test");
    graph = GraphExporter.export(LlamaModels.MODEL, folder.resolve("graph"), options).folder();
    wide = folder.resolve("wide.gguf");
    GgufWriter.widen(LlamaModels.MODEL, wide);
  }

  private static OnnxBackend onnx() {
    return OnnxBackend.open(
        new OnnxOptions(LlamaModels.NATIVE, graph, "smollm2", SEQUENCES, CONTEXT, 64, 1));
  }

  private static LlamaBackend llama(Path model, boolean precise) {
    return LlamaBackend.open(
        new LlamaOptions(LlamaModels.NATIVE, model, "smollm2", SEQUENCES, CONTEXT, 64, 1)
            .withPrecise(precise));
  }

  @Test
  void answersAsLlamaDoesOnTheSameWeights() {
    Difference difference;
    try (LlamaBackend llama = llama(wide, true);
        OnnxBackend onnx = onnx()) {
      difference = compare(samples(llama, PROMPTS), onnx);
    }
    System.out.println("on the same weights, in single precision: " + difference);
    assertTrue(difference.maxKl() < MOST_KL, difference::toString);
    assertTrue(difference.prefixShare() >= LEAST_EQUAL, difference::toString);
  }

  private static List<Sample> samples(Backend llama, int count) {
    List<String> prompts = Prompts.first(FIRST + count).subList(FIRST, FIRST + count);
    List<Sample> samples = new ArrayList<>();
    for (int from = 0; from < count; from += SEQUENCES) {
      samples.addAll(answers(llama, prompts.subList(from, Math.min(count, from + SEQUENCES))));
    }
    return samples;
  }

  /** Greedy answers, all of them side by side; an end token ends the sample, and belongs to it. */
  private static List<Sample> answers(Backend llama, List<String> texts) {
    Driver driver = new Driver(llama);
    int count = texts.size();
    int[][] prompts = new int[count][];
    int[][] answers = new int[count][0];
    int[] next = new int[count];
    boolean[] ended = new boolean[count];
    float[][] logits = new float[count][];
    List<List<float[]>> chosenFrom = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prefix = llama.vocabulary().prefix();
      int[] text = llama.vocabulary().tokenize(texts.get(i), true);
      prompts[i] = IntStream.concat(Arrays.stream(prefix), Arrays.stream(text)).toArray();
      driver.prefill(i, prompts[i]);
      next[i] = driver.likeliest(0);
      logits[i] = driver.logits(0);
      chosenFrom.add(new ArrayList<>());
    }
    for (int step = 0; step < ANSWER_TOKENS; step++) {
      driver.begin();
      int[] rows = new int[count];
      for (int i = 0; i < count; i++) {
        rows[i] = -1;
        if (!ended[i]) {
          answers[i] = Arrays.copyOf(answers[i], step + 1);
          answers[i][step] = next[i];
          chosenFrom.get(i).add(logits[i]);
          ended[i] = llama.vocabulary().endsGeneration(next[i]) || step + 1 == ANSWER_TOKENS;
          rows[i] = ended[i] ? -1 : driver.add(i, next[i], true);
        }
      }
      if (driver.batch().count() == 0) {
        break;
      }
      driver.step();
      for (int i = 0; i < count; i++) {
        if (rows[i] >= 0) {
          next[i] = driver.likeliest(rows[i]);
          logits[i] = driver.logits(rows[i]);
        }
      }
    }
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      driver.truncate(i, 0);
      samples.add(new Sample(prompts[i], answers[i], chosenFrom.get(i)));
    }
    return samples;
  }

  private static Difference compare(List<Sample> samples, Backend tested) {
    Driver driver = new Driver(tested);
    double sum = 0;
    double max = 0;
    int tokens = 0;
    int prefix = 0;
    int equal = 0;
    for (Sample sample : samples) {
      boolean same = true;
      List<float[]> logits = read(driver, sample);
      for (int i = 0; i < sample.answer().length; i++) {
        double kl = divergence(sample.logits().get(i), logits.get(i));
        sum += kl;
        max = Math.max(max, kl);
        boolean hit = likeliest(logits.get(i)) == sample.answer()[i];
        same &= hit;
        equal += hit ? 1 : 0;
        prefix += same ? 1 : 0;
        tokens++;
      }
    }
    return new Difference(
        sum / tokens, max, (double) prefix / tokens, (double) equal / tokens, tokens);
  }

  /** The logits before each token of an answer, in chunks of as many rows as a step can have. */
  private static List<float[]> read(Driver driver, Sample sample) {
    int[] prompt = sample.prompt();
    driver.prefill(0, Arrays.copyOf(prompt, prompt.length - 1));
    List<float[]> logits = new ArrayList<>();
    int last = prompt[prompt.length - 1];
    for (int from = 0; from < sample.answer().length; from += SEQUENCES) {
      driver.begin();
      int to = Math.min(sample.answer().length, from + SEQUENCES);
      for (int i = from; i < to; i++) {
        driver.add(0, i == 0 ? last : sample.answer()[i - 1], true);
      }
      driver.step();
      for (int i = from; i < to; i++) {
        logits.add(driver.logits(i - from));
      }
    }
    driver.truncate(0, 0);
    return logits;
  }

  private static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  /** Kullback and Leibler's divergence of the second distribution from the first, in nats. */
  private static double divergence(float[] expected, float[] tested) {
    double expectedSum = logSumExp(expected);
    double testedSum = logSumExp(tested);
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      double logP = expected[i] - expectedSum;
      sum += Math.exp(logP) * (logP - (tested[i] - testedSum));
    }
    return sum;
  }

  private static double logSumExp(float[] logits) {
    double max = logits[likeliest(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  @Test
  void decodesSeveralSequencesAsItReadsThem() {
    try (OnnxBackend onnx = onnx()) {
      Difference difference = compare(samples(onnx, 4), onnx);
      assertEquals(1, difference.tokenShare(), difference::toString);
      assertTrue(difference.maxKl() < MOST_KL, difference::toString);
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "cocoon.reference.prompts", matches = ".+")
  void differsFromLlamaAsItIsServedByItsHalfPrecisionOnly() {
    Difference difference;
    try (LlamaBackend llama = llama(wide, false);
        OnnxBackend onnx = onnx()) {
      difference = compare(samples(llama, PROMPTS), onnx);
    }
    System.out.println("on the same weights, llama.cpp's cache in half precision: " + difference);
    assertTrue(difference.meanKl() < 1e-5, difference::toString);
    assertTrue(difference.tokenShare() >= 0.98, difference::toString);
  }

  @Test
  void differsFromLlamaOnQuantisedWeightsByItsQuantisedActivationsOnly() {
    Difference difference;
    try (LlamaBackend llama = llama(LlamaModels.MODEL, false);
        OnnxBackend onnx = onnx()) {
      difference = compare(samples(llama, PROMPTS), onnx);
    }
    System.out.println("llama.cpp as it is served, on Q4_1: " + difference);
    assertTrue(difference.meanKl() < 0.02, difference::toString);
    assertTrue(difference.tokenShare() >= 0.9, difference::toString);
  }
}
