package org.cocoon.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.client.ManifestVersion;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code variants}: what an option of the engine costs or gains. */
@Command(
    name = "variants",
    description = {
      "Compare the engine as it usually is with the same engine and options: --exact,",
      "--prompt-lookup, --plain-kernels. Both take turns at the same prompts."
    },
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  ./cocoon bench variants --model native/target/model.gguf --native native/target/bridge \\",
      "      --exact --sizes 1,2,4,8"
    })
final class VariantsCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;

  @Mixin private LlamaArguments llama = new LlamaArguments();

  @Option(names = "--exact", description = "With a cache for each sequence.")
  private boolean exact;

  @Option(
      names = "--prompt-lookup",
      defaultValue = "0",
      paramLabel = "N",
      description = "With up to N guessed tokens (default: 0).")
  private int promptLookup;

  @Option(
      names = "--plain-kernels",
      description = "With llama.cpp's kernels alone, without those of the bridge.")
  private boolean plainKernels;

  /** What is asked. */
  enum Task {
    WORDS,
    COPY,
    CHAT
  }

  @Option(
      names = "--task",
      defaultValue = "WORDS",
      description =
          "WORDS: text after random words (default); COPY: repeat a text; CHAT: answer a question.")
  private Task task = Task.WORDS;

  @Option(
      names = "--sizes",
      split = ",",
      defaultValue = "1,2,4,8",
      description = "Requests at a time (default: 1,2,4,8).")
  private List<Integer> sizes = List.of();

  @Option(names = "--rounds", defaultValue = "3", description = "Rounds of each (default: 3).")
  private int rounds = 3;

  @Option(names = "--max-tokens", defaultValue = "48", description = "Tokens of each answer.")
  private int maxTokens = 48;

  @Option(names = "--context", defaultValue = "1024", description = "Of each slot (default: 1024).")
  private int context = 1024;

  VariantsCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Tokens per second in each round, and how often both gave the same tokens. */
  private record Rates(double[] usual, double[] other, int same) {}

  @Override
  public Integer call() throws InterruptedException {
    try {
      return measure();
    } catch (BackendException | IllegalStateException | IOException e) {
      err.println(e.getMessage());
      return 1;
    }
  }

  private int measure() throws InterruptedException, IOException {
    int slots = sizes.stream().mapToInt(Integer::intValue).max().orElse(1);
    LlamaOptions usual = llama.options(slots, context, 1);
    LlamaOptions other =
        usual.withExact(exact).withGuesses(promptLookup).withPlainKernels(plainKernels);
    EngineOptions options = EngineOptions.DEFAULTS;
    long empty = residentMebibytes();
    try (ObservedEngine first = new ObservedEngine(LlamaBackend.open(usual), options)) {
      long one = residentMebibytes();
      try (ObservedEngine second =
          new ObservedEngine(LlamaBackend.open(other), options.withPromptLookup(promptLookup))) {
        out.printf(
            Locale.ROOT,
            "%d slots of %d tokens: usual %d MiB, with the option %d MiB more than the model's file%n",
            slots,
            context,
            one - empty,
            residentMebibytes() - one);
        compare(first, second);
        return 0;
      }
    }
  }

  /** Memory of this process that no file backs. */
  private static long residentMebibytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10;
      }
    }
    throw new IOException("/proc/self/status has no RssAnon");
  }

  private void compare(ObservedEngine first, ObservedEngine second) throws InterruptedException {
    for (int size : sizes) {
      Rates rates = compare(first, second, size);
      Spread ratio =
          Spread.of(IntStream.range(0, rounds).mapToDouble(i -> rates.other[i] / rates.usual[i]));
      out.printf(
          Locale.ROOT,
          "%s at %d: usual %.1f, with the option %.1f tokens/s, ratio %.3f (half are %.3f to"
              + " %.3f, %d rounds; the same tokens in %d)%n",
          task,
          size,
          Spread.of(DoubleStream.of(rates.usual)).median(),
          Spread.of(DoubleStream.of(rates.other)).median(),
          ratio.median(),
          ratio.lower(),
          ratio.upper(),
          rounds,
          rates.same);
    }
  }

  private Rates compare(ObservedEngine usual, ObservedEngine other, int size)
      throws InterruptedException {
    double[] ours = new double[rounds];
    double[] theirs = new double[rounds];
    int same = 0;
    for (int round = -1; round < rounds; round++) {
      List<Prompt> prompts = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        prompts.add(prompt(1000L * size + 10L * round + i));
      }
      boolean usualFirst = round % 2 == 0;
      Pass before = usualFirst ? pass(usual, prompts) : null;
      Pass second = pass(other, prompts);
      Pass first = before == null ? pass(usual, prompts) : before;
      if (round >= 0) { // the round before warms both up
        ours[round] = first.tokensPerSecond;
        theirs[round] = second.tokensPerSecond;
        same += first.idSum == second.idSum ? 1 : 0;
      }
    }
    return new Rates(ours, theirs, same);
  }

  private record Pass(double tokensPerSecond, long idSum) {}

  /** From the first token of all to the last one, so that prompts count little. */
  private Pass pass(ObservedEngine engine, List<Prompt> prompts) throws InterruptedException {
    List<Long> runs = prompts.stream().map(prompt -> engine.ask(prompt, maxTokens)).toList();
    long first = Long.MAX_VALUE;
    long last = 0;
    int count = 0;
    long idSum = 0;
    for (long run : runs) {
      ObservedEngine.Seen seen = engine.await(run);
      first = Math.min(first, seen.tokenNanos().getFirst());
      last = Math.max(last, seen.tokenNanos().getLast());
      count += seen.tokenNanos().size();
      idSum += seen.idSum();
    }
    return new Pass(count / ((last - first) / 1e9), idSum);
  }

  private Prompt prompt(long number) {
    String words = Prompts.synthetic(40, number).of(0).getFirst().content();
    return switch (task) {
      case WORDS -> new Prompt.Text(words);
      case COPY -> chat("Repeat this text word for word:\n\n" + words);
      case CHAT -> chat("Tell me what you know about " + words.substring(0, words.indexOf(' ')));
    };
  }

  private static Prompt chat(String content) {
    return new Prompt.Chat(List.of(new Message("user", content)), "");
  }
}
