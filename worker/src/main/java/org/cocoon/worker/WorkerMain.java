package org.cocoon.worker;

import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.link.node.EvidenceArguments;
import org.cocoon.worker.earnings.PayoutAddress;
import org.cocoon.worker.engine.EngineOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The worker's program. */
@Command(
    name = "worker",
    mixinStandardHelpOptions = true,
    version = WorkerMain.VERSION,
    sortOptions = false,
    description = "Runs a model inside a confidential VM and answers the routers it attaches to.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:stopped",
      " 2:wrong usage",
      " 3:the model or the native library cannot be loaded",
      " 4:a router refused this worker for good",
      " 5:the engine broke; start again"
    },
    footer = {
      "",
      "Examples:",
      "  worker --router router.example:8443 --policy policy.json --model model.gguf --native lib",
      "  worker --router router.example:8443 --keys keys.example:8444 --policy policy.json ...",
      "  worker --registry EQ... --chain https://ton.example/api/v2 --model model.gguf ...",
      "  worker --router 127.0.0.1:8443 --policy policy.json --simulated-tee tee --engine fake"
    })
public final class WorkerMain implements Callable<Integer> {
  /** Version of this program. */
  public static final String VERSION = "0.1.0";

  private static final Logger log = LoggerFactory.getLogger(WorkerMain.class);
  private static final int CANNOT_LOAD = 3;
  private static final int REFUSED = 4;
  private static final int BROKEN = 5;
  private static final long DRAIN_SECONDS = 6;

  /** What computes tokens. */
  enum EngineKind {
    LLAMA,
    FAKE
  }

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      description =
          "Router to attach to; may be given several times (default: all that --registry lists).")
  private List<String> routers = List.of();

  @Option(
      names = "--keys",
      paramLabel = "HOST:PORT",
      description = "Key manager whose keys open sealed prompts (default: none are opened).")
  private @Nullable String keys;

  @Option(names = "--name", description = "For people (default worker-PID).")
  private @Nullable String name;

  @Option(
      names = "--engine",
      defaultValue = "llama",
      description = "llama (CPU) or fake (deterministic, for tests; default ${DEFAULT-VALUE}).")
  private String engine = "";

  @Option(names = "--model", paramLabel = "FILE", description = "The model, a GGUF file.")
  private @Nullable Path model;

  @Option(names = "--model-name", description = "Its name in requests (default from the file).")
  private @Nullable String modelName;

  @Option(
      names = "--native",
      paramLabel = "DIR",
      defaultValue = "native/target/bridge",
      description = "Folder of the native libraries (default ${DEFAULT-VALUE}).")
  private Path nativeFolder = Path.of("");

  @Option(names = "--slots", defaultValue = "8", description = "Requests at a time (default 8).")
  private int slots;

  @Option(
      names = "--context",
      defaultValue = "2048",
      description = "Tokens of prompt and answer together (default 2048).")
  private int context;

  @Option(names = "--threads", description = "Threads that compute (default cores - 1).")
  private int threads = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);

  @Option(
      names = "--prefill-chunk",
      defaultValue = "64",
      description = "Prompt tokens in a step in which others generate (default 64).")
  private int prefillChunk;

  @Option(
      names = "--coefficient",
      defaultValue = "1000",
      description = "Price multiplier, 1000 = 1.0 (default 1000).")
  private int coefficient;

  @Mixin private EvidenceArguments evidence = new EvidenceArguments();

  @Option(
      names = "--gpu-evidence",
      paramLabel = "DIR",
      description = "Where a helper serves the evidence of this machine's GPUs (default: none).")
  private @Nullable Path gpuEvidence;

  @Option(
      names = "--simulated-gpu",
      description = "Simulate a GPU that proves itself; needs --simulated-tee. Protects nothing.")
  private boolean simulatedGpu;

  @Option(
      names = "--payout",
      paramLabel = "ADDRESS",
      description = "TON address that earnings are paid to (default: none, nothing is paid).")
  private @Nullable String payout;

  @Option(
      names = "--earnings",
      paramLabel = "DIR",
      description = "Keep the routers' signed statements here, to claim without them.")
  private @Nullable Path earnings;

  @Option(
      names = "--system",
      defaultValue = "",
      paramLabel = "TEXT",
      description =
          "What a conversation without a system message begins with (default: the template's own).")
  private String system = "";

  @Option(
      names = "--renew-after",
      defaultValue = "PT12H",
      paramLabel = "DURATION",
      description = "Longest time for which a link keeps its certificates (default PT12H).")
  private Duration renewAfter = Duration.ofHours(12);

  @Option(
      names = "--no-prefix-reuse",
      description = "Compute every prompt anew, so that no timing tells what others asked.")
  private boolean noPrefixReuse;

  @Option(
      names = "--fake-rate",
      defaultValue = "0",
      description = "fake: tokens a second of each stream (default 0: as fast as possible).")
  private int fakeRate;

  @Option(
      names = "--fake-first-token-ms",
      defaultValue = "0",
      description = "fake: delay of the first token (default 0).")
  private int fakeFirstTokenMillis;

  @Option(
      names = "--fake-length",
      defaultValue = "128",
      description = "fake: tokens of an answer (default 128).")
  private int fakeLength;

  /** Runs the program. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new WorkerMain());
    line.setExecutionExceptionHandler(
        (fault, command, result) -> {
          log.debug("event=start_failed", fault);
          String message = fault.getMessage();
          command.getErr().println("worker: " + (message == null ? fault.toString() : message));
          return fault instanceof BackendException
              ? CANNOT_LOAD
              : fault instanceof IllegalArgumentException ? 2 : 1;
        });
    int status = line.execute(args);
    if (status != 0 || line.isUsageHelpRequested() || line.isVersionHelpRequested()) {
      System.exit(status);
    }
  }

  @Override
  public Integer call() throws Exception {
    WorkerOptions options =
        new WorkerOptions(
            routers.stream().map(router -> address("--router", router)).toList(),
            name == null ? "worker-" + ProcessHandle.current().pid() : name,
            coefficient,
            evidence.options(),
            system,
            keys == null ? null : address("--keys", keys),
            renewAfter,
            gpuEvidence,
            simulatedGpu,
            payout == null ? null : PayoutAddress.parse(payout),
            earnings);
    Backend backend = backend();
    WorkerProcess process =
        WorkerProcess.start(
            options,
            backend,
            EngineOptions.DEFAULTS.withReusePrefixes(!noPrefixReuse).withPrefillChunk(prefillChunk),
            why -> leave("a router refused this worker for good: " + why, REFUSED),
            fault -> leave("the engine broke: " + fault.getMessage(), BROKEN));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    process.stop(TimeUnit.SECONDS.toMillis(DRAIN_SECONDS));
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "shutdown"));
    return 0;
  }

  /** Ends the process at once: there is nothing left to drain. */
  private static void leave(String why, int status) {
    System.err.println("worker: " + why);
    Runtime.getRuntime().halt(status);
  }

  private static SocketAddress address(String option, String text) {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && port > 0 && port <= 65_535) {
        return SocketAddress.inetSocketAddress(port, text.substring(0, colon));
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "%s '%s' is no HOST:PORT, such as 127.0.0.1:8443".formatted(option, text));
  }

  private Backend backend() {
    return switch (engineKind()) {
      case LLAMA -> llama();
      case FAKE ->
          FakeBackend.open(
              new FakeOptions(
                  modelName == null ? "fake" : modelName,
                  slots,
                  context,
                  Math.max(2048, slots),
                  fakeRate,
                  fakeFirstTokenMillis,
                  fakeLength));
    };
  }

  private EngineKind engineKind() {
    try {
      return EngineKind.valueOf(engine.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--engine is llama or fake, not '" + engine + "'", e);
    }
  }

  private Backend llama() {
    Path file = model;
    if (file == null) {
      throw new IllegalArgumentException(
          "--engine llama needs --model FILE, a GGUF file (./cocoon up fetches one)");
    }
    String fileName = String.valueOf(file.getFileName());
    String fromFile = fileName.replaceFirst("\\.gguf$", "").toLowerCase(Locale.ROOT);
    return LlamaBackend.open(
        new LlamaOptions(
            nativeFolder,
            file,
            modelName == null ? fromFile : modelName,
            slots,
            context,
            Math.max(512, slots),
            threads));
  }
}
