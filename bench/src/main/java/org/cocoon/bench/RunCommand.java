package org.cocoon.bench;

import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.ManifestVersion;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code run}: one run against one target, and its report. */
@Command(
    name = "run",
    description = "Send streamed chat requests to a server and report what it did.",
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  bench run --target http://127.0.0.1:8080/v1 --concurrency 16 --requests 500",
      "  bench run --target http://127.0.0.1:8080/v1 --rate 20 --requests 2000 --max-tokens 128 \\",
      "      --ignore-eos --prompt-tokens 200 --seed 7 --json run.json",
      "  bench run --target https://api.example.org/v1 --model m --rate 2 --prompts questions.jsonl",
      "  bench run --target http://127.0.0.1:8080/v1 --concurrency 64 --requests 10000 --expect fake",
      "",
      "Ctrl-C ends the run and reports what was measured so far.",
      "Exit codes: 0 every request was answered, 1 some were not or the run could not be made,",
      "2 wrong usage."
    })
final class RunCommand implements Callable<Integer> {
  private static final int REPORT_SECONDS = 20;

  private final Map<String, String> environment;
  private final PrintStream out;
  private final PrintStream err;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--target",
      required = true,
      paramLabel = "URL",
      description = "Base address of the API; /v1 is meant where it has no path.")
  private URI target = URI.create("");

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "API key (default: OPENAI_API_KEY; that keeps it out of `ps`).")
  private @Nullable String key;

  @Option(names = "--model", paramLabel = "M", description = "Default: the first one served.")
  private @Nullable String model;

  @ArgGroup(multiplicity = "1")
  private Load load = new Load();

  /** How requests are timed: exactly one of the two. */
  static final class Load {
    @Option(
        names = "--concurrency",
        paramLabel = "C",
        description = "Closed loop: so many at a time, the next when one was answered.")
    @Nullable Integer concurrency;

    @Option(
        names = "--rate",
        paramLabel = "R",
        description = "Open loop: so many requests a second, whatever the answers do.")
    @Nullable Double rate;
  }

  @Option(
      names = "--arrivals",
      defaultValue = "POISSON",
      paramLabel = "KIND",
      description = "With --rate: poisson (default) or constant.")
  private Arrivals.Spacing spacing = Arrivals.Spacing.POISSON;

  @Option(names = "--requests", required = true, paramLabel = "N", description = "How many.")
  private long requests;

  @ArgGroup private @Nullable Asked asked;

  /** What is asked: at most one of the two. */
  static final class Asked {
    @Option(
        names = "--prompt-tokens",
        paramLabel = "N",
        description = "Random prompts of about N tokens (default: 64).")
    @Nullable Integer tokens;

    @Option(
        names = "--prompts",
        paramLabel = "FILE",
        description = "Prompts in turn, one a line: text, or JSON with \"messages\" or \"prompt\".")
    @Nullable Path file;
  }

  @Option(names = "--max-tokens", paramLabel = "N", description = "Longest answer.")
  private @Nullable Integer maxTokens;

  @Option(names = "--temperature", paramLabel = "T", description = "0 to 2.")
  private @Nullable Double temperature;

  @Option(names = "--ignore-eos", description = "Answers go on to --max-tokens.")
  private boolean ignoreEos;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "S",
      description = "Of the schedule, the prompts and the server's draws (default: 1).")
  private long seed = 1;

  @Option(
      names = "--timeout",
      defaultValue = "120",
      paramLabel = "SECONDS",
      description = "From dispatch to the end of an answer (default: 120).")
  private double timeoutSeconds = 120;

  @Option(
      names = "--warmup",
      defaultValue = "0",
      paramLabel = "N",
      description = "Requests sent before, in the same way, and not measured (default: 0).")
  private long warmup;

  @Option(
      names = "--expect",
      paramLabel = "KIND",
      description = "fake: check every answer against the fake engine's function.")
  private @Nullable String expect;

  @Option(
      names = "--loops",
      paramLabel = "N",
      description = "Event loops (default: half the cores).")
  private @Nullable Integer loops;

  @Option(
      names = "--max-in-flight",
      defaultValue = "10000",
      paramLabel = "N",
      description = "With --rate: requests under way at most (default: 10000).")
  private int maxInFlight = 10_000;

  @Option(names = "--insecure", description = "Accept any certificate.")
  private boolean insecure;

  @Option(
      names = "--no-keep-alive",
      description = "A connection for each request: some servers close theirs after an answer.")
  private boolean noKeepAlive;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write everything as JSON.")
  private @Nullable Path json;

  RunCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
    this.environment = environment;
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() throws InterruptedException {
    Run run;
    try {
      if (warmup < 0 || warmup > Run.MAX_REQUESTS) {
        throw new IllegalArgumentException("--warmup must be 0 to " + Run.MAX_REQUESTS);
      }
      run = configure();
    } catch (IllegalArgumentException | IOException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()), e);
    } catch (CocoonException e) {
      err.println("The target does not tell its models (" + e.getMessage() + "); give --model.");
      return 1;
    }
    return measure(run);
  }

  private Run configure() throws IOException {
    URI base = CocoonClient.normalised(target);
    String given = key != null ? key : environment.getOrDefault("OPENAI_API_KEY", "").strip();
    Optional<String> token = given.isEmpty() ? Optional.empty() : Optional.of(given);
    Optional<Expectation> expectation = expectation();
    OptionalDouble warmth =
        temperature != null
            ? OptionalDouble.of(temperature)
            : expectation.isPresent() ? OptionalDouble.of(0) : OptionalDouble.empty();
    return new Run(
        base,
        token,
        model != null ? model : firstModel(base, token),
        arrivals(),
        requests,
        prompts(),
        maxTokens == null ? OptionalInt.empty() : OptionalInt.of(maxTokens),
        warmth,
        ignoreEos,
        seed,
        Duration.ofNanos((long) (timeoutSeconds * 1e9)),
        loops != null ? loops : Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
        maxInFlight,
        insecure,
        !noKeepAlive,
        expectation);
  }

  private Arrivals arrivals() {
    if (load.concurrency != null) {
      return new Arrivals.Closed(load.concurrency);
    }
    return new Arrivals.Open(Objects.requireNonNull(load.rate), spacing);
  }

  private Prompts prompts() throws IOException {
    if (asked != null && asked.file != null) {
      return Prompts.ofFile(asked.file);
    }
    return Prompts.synthetic(asked != null && asked.tokens != null ? asked.tokens : 64, seed);
  }

  private Optional<Expectation> expectation() {
    if (expect == null) {
      return Optional.empty();
    }
    if (!expect.equals("fake")) {
      throw new IllegalArgumentException("--expect knows fake only, not " + expect);
    }
    if (temperature != null && temperature != 0) {
      throw new IllegalArgumentException("--expect fake needs --temperature 0");
    }
    return Optional.of(new FakeAnswer());
  }

  private static String firstModel(URI base, Optional<String> token) {
    try (CocoonClient client = new CocoonClient(base, token)) {
      return client.models().stream()
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("the target serves no model"));
    }
  }

  private int measure(Run run) throws InterruptedException {
    if (warmup > 0) {
      err.println("Warming up with " + warmup + " requests.");
      new LoadGenerator(run.withRequests(warmup), System::nanoTime).run();
    }
    LoadGenerator generator = new LoadGenerator(run, System::nanoTime);
    CountDownLatch reported = new CountDownLatch(1);
    Thread onInterrupt =
        new Thread(
            () -> {
              generator.stop();
              awaitQuietly(reported);
            });
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    try {
      Progress progress = new Progress(generator.counters(), run.requests(), err, isTerminal());
      RunResult result;
      try {
        result = generator.run();
      } finally {
        progress.end();
      }
      return report(run, result);
    } finally {
      reported.countDown();
    }
  }

  private int report(Run run, RunResult result) {
    Measurements figures =
        Measurements.of(result.records(), run.arrivals() instanceof Arrivals.Open);
    Validity validity = Validity.of(figures, result.cost());
    out.print(new Report(run, result, figures, validity).render());
    out.flush();
    if (json != null) {
      try {
        new JsonReport(run, result, figures, validity).write(json);
      } catch (IOException e) {
        err.println("Cannot write " + json + ": " + e.getMessage() + ".");
        return 1;
      }
    }
    return figures.failed() == 0 && figures.succeeded() > 0 ? 0 : 1;
  }

  private static void awaitQuietly(CountDownLatch reported) {
    try {
      if (!reported.await(REPORT_SECONDS, TimeUnit.SECONDS)) {
        Runtime.getRuntime().halt(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The check's advice is wrong for the console of JDK 25, which is absent without a terminal.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }
}
