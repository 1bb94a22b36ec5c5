package org.cocoon.worker;

import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.BackendException;
import org.cocoon.link.node.EvidenceArguments;
import org.cocoon.worker.control.LoadCommand;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.control.ModelsCommand;
import org.cocoon.worker.control.UnloadCommand;
import org.cocoon.worker.doctor.DoctorCommand;
import org.cocoon.worker.earnings.PayoutAddress;
import org.cocoon.worker.engine.Engine;
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
    subcommands = {
      DoctorCommand.class,
      LoadCommand.class,
      UnloadCommand.class,
      ModelsCommand.class
    },
    description = "Runs a model inside a confidential VM and answers the routers it attaches to.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:stopped",
      " 2:wrong usage",
      " 3:the engine cannot be had: model, native library, server or self-test",
      " 4:a router refused this worker for good",
      " 5:the engine broke or hangs; start again"
    },
    footer = {
      "",
      "Examples:",
      "  worker --router router.example:8443 --policy policy.json --model model.gguf --native lib",
      "  worker --router router.example:8443 --keys keys.example:8444 --policy policy.json ...",
      "  worker --registry EQ... --chain https://ton.example/api/v2 --model model.gguf ...",
      "  worker --router router.example:8443 --policy policy.json --engine upstream \\",
      "      --upstream http://127.0.0.1:8000      vLLM, SGLang, ... computes",
      "  worker --router ... --model one.gguf --model other.gguf --state DIR",
      "  worker load third.gguf --state DIR        another model, while it runs; worker unload NAME",
      "  worker --config worker.properties         the same options, in a file",
      "  worker --router 127.0.0.1:8443 --policy policy.json --simulated-tee tee --engine fake"
    })
public final class WorkerMain implements Callable<Integer> {
  /** Version of this program. */
  public static final String VERSION = "0.1.0";

  private static final Logger log = LoggerFactory.getLogger(WorkerMain.class);
  private static final int CANNOT_LOAD = 3;
  private static final int REFUSED = 4;
  private static final int BROKEN = 5;

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      split = ",",
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

  @Mixin private EngineArguments engine = new EngineArguments();

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
      names = "--drain",
      defaultValue = "PT6S",
      paramLabel = "DURATION",
      description = "How long running answers may take to end when it is stopped (default PT6S).")
  private Duration drain = Duration.ofSeconds(6);

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description =
          "Keeps what the self-test must give again, and listens there for worker load, unload and"
              + " models (default: neither).")
  private @Nullable Path state;

  @Option(
      names = "--calibrate",
      description = "Measure the engine, say which --slots and --coefficient fit, and end.")
  private boolean calibrate;

  @Option(
      names = "--target-ton-per-hour",
      paramLabel = "TON",
      defaultValue = "0",
      description = "calibrate: what the worker should earn when it is always busy.")
  private BigDecimal target = BigDecimal.ZERO;

  @Option(
      names = "--ton-per-million",
      paramLabel = "TON",
      defaultValue = "0",
      description = "calibrate: what routers pay for a million tokens of answers at 1000.")
  private BigDecimal price = BigDecimal.ZERO;

  @Option(names = "--view", description = "Draws what it does on the terminal, once a second.")
  private boolean view;

  @Option(
      names = "--page-port",
      paramLabel = "PORT",
      defaultValue = "-1",
      description = "The same on a page of this machine, http://127.0.0.1:PORT (default: none).")
  private int pagePort;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Options as 'name = value' lines; the command line counts before them.")
  private @Nullable Path config;

  /** Runs the program. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new WorkerMain());
    try {
      ConfigFile file = ConfigFile.of(args, line.getCommandSpec());
      if (file != null) {
        line.setDefaultValueProvider(file);
      }
    } catch (IllegalArgumentException e) {
      line.getErr().println("worker: " + e.getMessage());
      System.exit(2);
    }
    line.setExecutionExceptionHandler(
        (fault, command, result) -> {
          log.debug("event=start_failed", fault);
          String message = fault.getMessage();
          command.getErr().println("worker: " + (message == null ? fault.toString() : message));
          command.getErr().flush();
          return fault instanceof BackendException
              ? CANNOT_LOAD
              : fault instanceof IllegalArgumentException ? 2 : 1;
        });
    int status = line.execute(args);
    if (status == CANNOT_LOAD) {
      Runtime.getRuntime().halt(status); // a step may hang, so that nothing can be closed
    }
    if (status != 0 || !runs(line)) {
      System.exit(status);
    }
  }

  private static boolean runs(CommandLine line) {
    return !line.isUsageHelpRequested()
        && !line.isVersionHelpRequested()
        && !line.getParseResult().hasSubcommand();
  }

  @Override
  public Integer call() throws Exception {
    if (calibrate) {
      return calibrated();
    }
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
            earnings,
            state,
            drain);
    if (keys != null && engine.leavesTheMachine()) {
      throw new IllegalArgumentException(
          "--upstream-elsewhere and --keys exclude each other: a sealed prompt is opened here so"
              + " that it does not leave this machine");
    }
    if (config != null) {
      log.info("event=configured file={}", config);
    }
    WorkerProcess process =
        WorkerProcess.start(
            options,
            engine.models(),
            engine,
            why -> leave("a router refused this worker for good: " + why, REFUSED),
            fault -> leave("the engine broke: " + fault.getMessage(), BROKEN));
    if (pagePort > 65_535) {
      throw new IllegalArgumentException("--page-port is 0 to 65535");
    }
    // Drawing over itself makes sense only where a terminal is; elsewhere it would fill a file.
    process.show(view && drawsOnTerminal() ? System.out : null, pagePort);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    process.stop(drain.toMillis());
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "shutdown"));
    return 0;
  }

  private Integer calibrated() throws Exception {
    Vertx vertx = Vertx.vertx();
    Calibration calibration = new Calibration(System::nanoTime);
    try {
      for (ModelSpec spec : engine.models()) {
        try (Engine made = engine.open(spec, vertx, calibration, Loading.ALONE)) {
          System.out.println(made.model().name());
          System.out.println(Calibration.report(calibration.measure(made), target, price));
        }
      }
    } finally {
      vertx.close().await(2, TimeUnit.SECONDS);
    }
    return 0;
  }

  /** The launcher gives programs no terminal to read from, so that a console is none for Java. */
  private static boolean drawsOnTerminal() {
    try {
      String out = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return out.startsWith("/dev/pts/") || out.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends the process at once: there is nothing left to drain. */
  private static void leave(@Nullable String why, int status) {
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
}
