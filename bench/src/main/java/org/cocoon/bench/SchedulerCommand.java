package org.cocoon.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.Vocabulary;
import org.cocoon.client.ManifestVersion;
import org.cocoon.worker.engine.EngineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code scheduler}: what the engine leaves of llama.cpp's speed, and how it shares it. */
@Command(
    name = "scheduler",
    description = {
      "Compare the engine with llama.cpp's own batched loop, and watch it share its steps.",
      "",
      "Both get the same tokens and take turns, so that drift of the machine cancels out. Then a",
      "long prompt arrives beside streams, and a short one beside both."
    },
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  bench/loop/build",
      "  ./cocoon bench scheduler --model native/target/model.gguf --native native/target/bridge \\",
      "      --loop bench/target/batched_loop --threads 1"
    })
final class SchedulerCommand implements Callable<Integer> {
  private static final int STREAMS = 6;
  private static final int LARGE = 8;

  private final PrintStream out;
  private final PrintStream err;

  @Mixin private LlamaArguments llama = new LlamaArguments();

  @Option(
      names = "--loop",
      required = true,
      paramLabel = "FILE",
      description = "The loop that bench/loop/build made.")
  private Path loop = Path.of("");

  @Option(names = "--rounds", defaultValue = "3", description = "Rounds (default: 3).")
  private int rounds = 3;

  @Option(names = "--prompt-tokens", defaultValue = "32", description = "Words of each prompt.")
  private int promptTokens = 32;

  @Option(names = "--max-tokens", defaultValue = "64", description = "Tokens of each answer.")
  private int maxTokens = 64;

  @Option(names = "--long-prompt", defaultValue = "2000", description = "Words of the long prompt.")
  private int longPrompt = 2000;

  @Option(
      names = "--target-step-ms",
      defaultValue = "100",
      description = "As the worker's (default: 100).")
  private int targetStepMillis = 100;

  @Option(names = "--threads", defaultValue = "1", description = "As the worker's (default: 1).")
  private int threads = 1;

  @Option(names = "--seed", defaultValue = "1", description = "Of the prompts (default: 1).")
  private long seed = 1;

  SchedulerCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Tokens per second of both sides, round by round. */
  private record Rates(List<Double> engine, List<Double> loop) {
    Rates() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    double ratio() {
      return Spread.of(
              IntStream.range(0, engine.size()).mapToDouble(i -> engine.get(i) / loop.get(i)))
          .median();
    }

    double engineRate() {
      return Spread.of(engine.stream().mapToDouble(Double::doubleValue)).median();
    }

    double loopRate() {
      return Spread.of(loop.stream().mapToDouble(Double::doubleValue)).median();
    }
  }

  /** One size of batch, with its prompts and without. */
  private record Compared(Rates whole, Rates decoding) {}

  @Override
  public Integer call() throws InterruptedException {
    int context = Math.max(longPrompt * 2, promptTokens * 2 + maxTokens) + 512;
    try (BatchedLoop yardstick = new BatchedLoop(loop, llama, LARGE, context, threads)) {
      Backend backend = LlamaBackend.open(llama.options(LARGE, context, threads));
      Vocabulary vocabulary = backend.vocabulary();
      EngineOptions options = EngineOptions.DEFAULTS.withTargetStepMillis(targetStepMillis);
      try (ObservedEngine engine = new ObservedEngine(backend, options)) {
        Compared one = compare(engine, vocabulary, yardstick, 1);
        Compared eight = compare(engine, vocabulary, yardstick, LARGE);
        out.printf(
            Locale.ROOT,
            "batch %d is %.2f times batch 1, decoding alone %.2f (llama.cpp's loop: %.2f, %.2f)%n",
            LARGE,
            eight.whole.engineRate() / one.whole.engineRate(),
            eight.decoding.engineRate() / one.decoding.engineRate(),
            eight.whole.loopRate() / one.whole.loopRate(),
            eight.decoding.loopRate() / one.decoding.loopRate());
        share(engine);
      }
      return 0;
    } catch (BackendException | IllegalStateException | IOException e) {
      err.println(e.getMessage());
      return 1;
    }
  }

  private Compared compare(
      ObservedEngine engine, Vocabulary vocabulary, BatchedLoop yardstick, int size)
      throws InterruptedException, IOException {
    Compared rates = new Compared(new Rates(), new Rates());
    int same = 0;
    for (int round = 0; round <= rounds; round++) {
      long first = seed + 1000L * size + 100L * round;
      List<String> texts =
          IntStream.range(0, size).mapToObj(i -> words(promptTokens, first + i)).toList();
      List<int[]> prompts = texts.stream().map(text -> tokens(vocabulary, text)).toList();
      BatchedLoop.Result theirs = round % 2 == 0 ? yardstick.run(prompts, maxTokens) : null;
      Pass ours = pass(engine, texts, prompts);
      if (theirs == null) {
        theirs = yardstick.run(prompts, maxTokens);
      }
      if (round == 0) {
        continue; // Warms both up.
      }
      same += ours.idSum() == theirs.idSum() ? 1 : 0;
      rates.whole.engine.add(ours.tokensPerSecond());
      rates.whole.loop.add((double) size * maxTokens / theirs.seconds());
      rates.decoding.engine.add(ours.decodedPerSecond());
      rates.decoding.loop.add((double) size * (maxTokens - 1) / theirs.decodeSeconds());
      err.printf(
          Locale.ROOT,
          "batch %d: engine %.1f, loop %.1f tokens/s; decoding alone %.1f, %.1f%n",
          size,
          rates.whole.engine.getLast(),
          rates.whole.loop.getLast(),
          rates.decoding.engine.getLast(),
          rates.decoding.loop.getLast());
    }
    tell(size, "with prompts", rates.whole);
    tell(size, "decoding alone", rates.decoding);
    out.printf(Locale.ROOT, "batch %d: %d of %d rounds gave the same tokens%n", size, same, rounds);
    return rates;
  }

  private void tell(int size, String what, Rates rates) {
    out.printf(
        Locale.ROOT,
        "batch %d, %s: engine %.1f tokens/s, llama.cpp's loop %.1f, ratio %.3f (median of %d)%n",
        size,
        what,
        rates.engineRate(),
        rates.loopRate(),
        rates.ratio(),
        rounds);
  }

  /**
   * What the engine did with one batch.
   *
   * @param decodedPerSecond tokens per second after all of the batch had begun to answer
   * @param idSum sum of the ids of all its tokens
   */
  private record Pass(double tokensPerSecond, double decodedPerSecond, long idSum) {}

  private Pass pass(ObservedEngine engine, List<String> texts, List<int[]> prompts)
      throws InterruptedException {
    long start = System.nanoTime();
    List<Long> runs = texts.stream().map(text -> engine.ask(text, maxTokens)).toList();
    long idSum = 0;
    List<List<Long>> times = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      ObservedEngine.Seen seen = engine.await(runs.get(i));
      if (seen.promptTokens() != prompts.get(i).length) {
        throw new IllegalStateException("the engine cuts text into other tokens than the loop got");
      }
      times.add(seen.tokenNanos());
      idSum += seen.idSum();
    }
    long begun = times.stream().mapToLong(List::getFirst).max().orElse(start);
    long end = times.stream().mapToLong(List::getLast).max().orElse(start);
    long all = times.stream().mapToLong(List::size).sum();
    long decoded = times.stream().flatMap(List::stream).filter(time -> time > begun).count();
    return new Pass(all / ((end - start) / 1e9), decoded / ((end - begun) / 1e9), idSum);
  }

  /** Streams run, a long prompt comes, and in the middle of that a short one. */
  private void share(ObservedEngine engine) throws InterruptedException {
    List<Double> gaps = new ArrayList<>();
    List<Double> firstTokens = new ArrayList<>();
    double longFirst = 0;
    for (int round = 0; round < 2; round++) {
      List<Long> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(engine.ask(words(promptTokens, seed + 9000 + 10L * round + i), 600));
      }
      engine.awaitTokens(streams.getLast(), 20);
      long begun = System.nanoTime();
      long slow = engine.ask(words(longPrompt, seed + 9500 + round), 1);
      engine.awaitTokens(streams.getLast(), 40);
      long quick = engine.ask(words(8, seed + 9600 + round), 2);
      firstTokens.add(engine.await(quick).firstTokenMillis());
      ObservedEngine.Seen computed = engine.await(slow);
      longFirst = computed.firstTokenMillis();
      long until = computed.tokenNanos().getLast();
      for (long stream : streams) {
        gaps(engine, stream, begun, until, gaps);
      }
    }
    double[] sorted = gaps.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    out.printf(
        Locale.ROOT,
        "beside %d streams a prompt of %d words took %.1f s; between tokens meanwhile p50 %.0f, p90"
            + " %.0f, p99 %.0f, max %.0f ms (target %d); first token of a short request after %s"
            + " ms%n",
        STREAMS,
        longPrompt,
        longFirst / 1000,
        at(sorted, 0.5),
        at(sorted, 0.9),
        at(sorted, 0.99),
        at(sorted, 1),
        targetStepMillis,
        firstTokens.stream().map(ms -> String.format(Locale.ROOT, "%.0f", ms)).toList());
  }

  private static void gaps(
      ObservedEngine engine, long stream, long from, long until, List<Double> gaps)
      throws InterruptedException {
    List<Long> times = engine.await(stream).tokenNanos();
    for (int i = 1; i < times.size(); i++) {
      if (times.get(i - 1) >= from && times.get(i) <= until) {
        gaps.add((times.get(i) - times.get(i - 1)) / 1e6);
      }
    }
  }

  private static double at(double[] sorted, double part) {
    return sorted.length == 0 ? Double.NaN : sorted[(int) (part * (sorted.length - 1))];
  }

  private static int[] tokens(Vocabulary vocabulary, String text) {
    int[] prefix = vocabulary.prefix();
    int[] tokens = vocabulary.tokenize(text, false);
    int[] all = Arrays.copyOf(prefix, prefix.length + tokens.length);
    System.arraycopy(tokens, 0, all, prefix.length, tokens.length);
    return all;
  }

  private static String words(int count, long number) {
    return Prompts.synthetic(count, number).of(0).getFirst().content();
  }
}
