package org.cocoon.link.keys;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cocoon.link.node.EvidenceArguments;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The key manager's program. */
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    version = KeyManagerMain.VERSION,
    sortOptions = false,
    description =
        "Hands the keys that prompts are sealed to to attested workers, and to nobody else.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:stopped", " 1:it cannot start", " 2:wrong usage"},
    footer = {
      "",
      "Examples:",
      "  keys --listen 0.0.0.0:8444 --policy policy.json",
      "  keys --policy .cocoon/policy.json --simulated-tee .cocoon/tee --epoch 10m"
    })
public final class KeyManagerMain implements Callable<Integer> {
  /** Version of this program. */
  public static final String VERSION = "0.1.0";

  private static final long STOP_SECONDS = 5;
  private static final int MAX_PORT = 65_535;

  @Option(
      names = "--listen",
      defaultValue = "127.0.0.1:8444",
      paramLabel = "HOST:PORT",
      description = "Where workers dial (default ${DEFAULT-VALUE}).")
  private String listen = "";

  @Mixin private EvidenceArguments evidence = new EvidenceArguments();

  @Option(
      names = "--epoch",
      defaultValue = "1h",
      paramLabel = "TIME",
      description =
          "How long a key is the newest one; it ends after twice that (default ${DEFAULT-VALUE}).")
  private String epoch = "";

  @Option(
      names = "--name",
      defaultValue = "keys-1",
      description = "For people (default ${DEFAULT-VALUE}).")
  private String name = "";

  /** Runs the program. */
  public static void main(String[] args) {
    if (System.getProperty("logback.configurationFile") == null) {
      // Named apart, as this jar is also a library of programs with a logback.xml of their own.
      System.setProperty("logback.configurationFile", "org/cocoon/link/keys/logback.xml");
    }
    CommandLine line = new CommandLine(new KeyManagerMain());
    line.setExecutionExceptionHandler(
        (fault, command, result) -> {
          command.getErr().println("keys: " + sentence(fault));
          return fault instanceof IllegalArgumentException ? 2 : 1;
        });
    int status = line.execute(args);
    if (status != 0 || line.isUsageHelpRequested() || line.isVersionHelpRequested()) {
      System.exit(status);
    }
  }

  private static String sentence(Exception fault) {
    String message = String.valueOf(fault.getMessage());
    return switch (fault) {
      case NoSuchFileException missing -> "there is no file " + missing.getFile();
      case IOException known -> message;
      case IllegalArgumentException known -> message;
      default -> fault.toString();
    };
  }

  @Override
  public Integer call() throws Exception {
    int colon = listen.lastIndexOf(':');
    KeyManager running =
        KeyManager.start(
            new KeyManagerOptions(
                colon < 1 ? "127.0.0.1" : listen.substring(0, colon),
                port(listen.substring(colon + 1)),
                name,
                evidence.options(),
                duration(epoch)));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(running), "shutdown"));
    return 0;
  }

  private int port(String text) {
    try {
      int port = Integer.parseInt(text);
      if (port >= 0 && port <= MAX_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "--listen '%s' is no HOST:PORT, such as 127.0.0.1:8444".formatted(listen));
  }

  /** Reads {@code 90s}, {@code 10m}, {@code 1h} or {@code 1h30m}. */
  static Duration duration(String text) {
    try {
      return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "--epoch '%s' is no time, such as 1h or 10m".formatted(text), e);
    }
  }

  private static void stop(KeyManager running) {
    try {
      running.stop().toCompletionStage().toCompletableFuture().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      System.err.println("keys: did not stop in order: " + e);
    }
  }
}
