package org.cocoon.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.ManifestVersion;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code engine}: what a network leaves of its engine's speed. */
@Command(
    name = "engine",
    description = {
      "Answer the same prompts with an engine in this process and through a network.",
      "",
      "Both sides are warmed up, then take turns: while one works, the other is idle. A round is",
      "engine, network, network, engine, so that drift of the machine cancels out. Each pair of",
      "passes asks prompts that no pass before asked. The network must have one worker, with this",
      "command's model, --slots, --context, --threads and --system."
    },
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  ./cocoon up --detach --workers 1 --threads 1",
      "  ./cocoon bench engine --model model.gguf --native native/target/bridge --threads 1 \\",
      "      --target http://127.0.0.1:8080/v1",
      "",
      "Exit codes: 0 compared, 1 a request failed or the two sides did not do the same work,",
      "2 wrong usage."
    })
final class EngineCommand implements Callable<Integer> {
  private static final int WARM_UP_PASSES = 2;
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final Map<String, String> environment;
  private final PrintStream out;
  private final PrintStream err;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--target",
      required = true,
      paramLabel = "URL",
      description = "Base address of the network's API; /v1 is meant where it has no path.")
  private URI target = URI.create("");

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "API key (default: OPENAI_API_KEY; that keeps it out of `ps`).")
  private @Nullable String key;

  @Mixin private LlamaArguments llama = new LlamaArguments();

  @Option(
      names = "--prompts",
      defaultValue = "8",
      paramLabel = "N",
      description = "Prompts at the same time (default: 8).")
  private int prompts = 8;

  @Option(
      names = "--prompt-tokens",
      defaultValue = "64",
      paramLabel = "N",
      description = "Words of each prompt, about as many tokens (default: 64).")
  private int promptTokens = 64;

  @Option(
      names = "--max-tokens",
      defaultValue = "128",
      paramLabel = "N",
      description = "Tokens of each answer (default: 128).")
  private int maxTokens = 128;

  @Option(
      names = "--rounds",
      defaultValue = "4",
      paramLabel = "N",
      description = "Rounds of two passes of each side (default: 4).")
  private int rounds = 4;

  @Option(names = "--slots", defaultValue = "8", description = "As the worker's (default: 8).")
  private int slots = 8;

  @Option(
      names = "--context",
      defaultValue = "2048",
      description = "As the worker's (default: 2048).")
  private int context = 2048;

  @Option(names = "--threads", description = "As the worker's (default: cores - 1, at least 1).")
  private int threads = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);

  @Option(
      names = "--system",
      defaultValue = "You are a helpful assistant.",
      paramLabel = "TEXT",
      description = "As the worker's (default: \"${DEFAULT-VALUE}\", as ./cocoon up sets it).")
  private String system = "";

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "S",
      description = "Of the prompts (default: 1).")
  private long seed = 1;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write every pass as JSON.")
  private @Nullable Path json;

  EngineCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
    this.environment = environment;
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (prompts < 1 || maxTokens < 1 || rounds < 1 || promptTokens < 1) {
      throw usage("--prompts, --prompt-tokens, --max-tokens and --rounds must be at least 1");
    }
    try (DirectEngine engine = open()) {
      EngineComparison comparison = compare(engine, network());
      out.print(comparison.render());
      out.flush();
      if (json != null) {
        comparison.write(json);
      }
      return comparison.sameWork() ? 0 : 1;
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    } catch (BackendException | IllegalStateException | CocoonException | IOException e) {
      err.println(e.getMessage());
      return 1;
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  private DirectEngine open() {
    LlamaBackend backend = LlamaBackend.open(llama.options(slots, context, threads));
    DirectEngine engine = new DirectEngine(backend, system, System::nanoTime);
    // A process that exits in the middle of a step unloads llama.cpp under its own thread.
    Runtime.getRuntime().addShutdownHook(new Thread(engine::close, "close-engine"));
    return engine;
  }

  /** One pass through the network; prompts are the only thing that changes between passes. */
  private Run network() {
    URI base = CocoonClient.normalised(target);
    String given = key != null ? key : environment.getOrDefault("OPENAI_API_KEY", "").strip();
    Optional<String> token = given.isEmpty() ? Optional.empty() : Optional.of(given);
    String served;
    try (CocoonClient client = new CocoonClient(base, token)) {
      int workers = client.network().workers().size();
      if (workers != 1) {
        throw new IllegalStateException(
            "the network has %d workers; compare with one: ./cocoon up --workers 1"
                .formatted(workers));
      }
      served = client.models().getFirst();
    }
    return new Run(
        base,
        token,
        served,
        new Arrivals.Closed(prompts),
        prompts,
        Prompts.synthetic(promptTokens, seed),
        OptionalInt.of(maxTokens),
        OptionalDouble.of(0),
        true,
        seed,
        TIMEOUT,
        1,
        prompts,
        false,
        true,
        Optional.empty());
  }

  private EngineComparison compare(DirectEngine engine, Run network) throws InterruptedException {
    int batch = 0;
    err.println("Warming up both sides.");
    for (int i = 0; i < WARM_UP_PASSES; i++) {
      engine.run(batch(batch), prompts, maxTokens);
      through(network, batch(batch++));
    }
    List<EngineComparison.Pair> pairs = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      Prompts first = batch(batch++);
      EnginePass direct = engine.run(first, prompts, maxTokens);
      pairs.add(pair(direct, through(network, first)));
      Prompts second = batch(batch++);
      EnginePass behind = through(network, second);
      pairs.add(pair(engine.run(second, prompts, maxTokens), behind));
    }
    return new EngineComparison(pairs);
  }

  private EngineComparison.Pair pair(EnginePass direct, EnginePass network) {
    EngineComparison.Pair pair = new EngineComparison.Pair(direct, network);
    err.printf(
        Locale.ROOT,
        "engine %.1f, network %.1f tokens/s: %.3f%n",
        direct.tokensPerSecond(),
        network.tokensPerSecond(),
        pair.ratio());
    return pair;
  }

  private Prompts batch(int number) {
    return Prompts.synthetic(promptTokens, seed + number);
  }

  private static EnginePass through(Run network, Prompts prompts) throws InterruptedException {
    RunResult result = new LoadGenerator(network.withPrompts(prompts), System::nanoTime).run();
    Measurements figures = Measurements.of(result.records(), false);
    if (figures.failed() > 0) {
      throw new IllegalStateException("the network failed requests: " + figures.failures());
    }
    return new EnginePass(figures.promptTokens(), figures.outputTokens(), figures.windowSeconds());
  }
}
