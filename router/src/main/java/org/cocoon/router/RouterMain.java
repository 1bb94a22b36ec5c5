package org.cocoon.router;

import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.link.node.EvidenceArguments;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The router's program. */
@Command(
    name = "router",
    mixinStandardHelpOptions = true,
    version = RouterMain.VERSION,
    sortOptions = false,
    description = "Takes OpenAI-compatible requests and has attested workers answer them.",
    footer = {
      "",
      "Examples:",
      "  router --data /var/lib/cocoon --policy policy.json --postgres postgresql://cocoon@db/cocoon",
      "  router --data .cocoon --policy .cocoon/policy.json --simulated-tee .cocoon/tee --demo",
      "  router --data .cocoon --policy .cocoon/policy.json --simulated-tee .cocoon/tee \\",
      "    --chain http://127.0.0.1:8081 --registry EQ... --settle --epoch PT1M"
    })
public final class RouterMain implements Callable<Integer> {
  /** Version of this program. */
  public static final String VERSION = "0.1.0";

  private static final Logger log = LoggerFactory.getLogger(RouterMain.class);
  private static final long STOP_SECONDS = 10;

  /** 0.01 TON per million tokens at coefficient 1.0. */
  private static final long DEFAULT_PRICE = 10_000_000;

  @Option(
      names = "--listen",
      defaultValue = "127.0.0.1:8080",
      paramLabel = "HOST:PORT",
      description = "Where clients come in (default ${DEFAULT-VALUE}).")
  private String listen = "";

  @Option(
      names = "--link",
      defaultValue = "127.0.0.1:8443",
      paramLabel = "HOST:PORT",
      description = "Where workers attach (default ${DEFAULT-VALUE}).")
  private String link = "";

  @Option(
      names = "--name",
      defaultValue = "router-1",
      description = "For people, and stable over restarts (default ${DEFAULT-VALUE}).")
  private String name = "";

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Keys and the embedded PostgreSQL.")
  private @Nullable Path data;

  @Option(
      names = "--postgres",
      paramLabel = "URL",
      description = "postgresql://user:password@host:port/database; without it one is embedded.")
  private @Nullable String postgres;

  @Mixin private EvidenceArguments evidence = new EvidenceArguments();

  @Option(names = "--demo", description = "Make a funded demo account; its key is DATA/demo.key.")
  private boolean demo;

  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      description = "Serve HTTPS with this chain (PEM, leaf first); needs --tls-key.")
  private @Nullable Path tlsCertificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key (PEM, PKCS#8).")
  private @Nullable Path tlsKey;

  @Option(
      names = "--attested",
      paramLabel = "HOST:PORT",
      description = "Serve the API over attested TLS too: clients verify this router's evidence.")
  private @Nullable String attested;

  @Option(
      names = "--unsealed-keys",
      description = "Keep the receipt key in a plain file where the TEE cannot seal (TDX).")
  private boolean unsealedKeys;

  @Option(
      names = "--new-receipt-key",
      description = "Give up a receipt key that is lost or damaged, and make a new one.")
  private boolean newReceiptKey;

  @Option(
      names = "--prices",
      paramLabel = "FILE",
      description =
          "Prices of models as JSON, in nanoTON per million tokens, where no registry has any (default: 10,000,000 for all).")
  private @Nullable Path prices;

  @Option(names = "--strict", description = "Refuse unknown request fields.")
  private boolean strict;

  @Option(
      names = "--max-in-flight",
      defaultValue = "4096",
      description = "Requests that one account may have running (default ${DEFAULT-VALUE}).")
  private int maxInFlight;

  @Mixin private ChainArguments chain = new ChainArguments();

  /** Runs the program. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new RouterMain());
    line.setExecutionExceptionHandler(
        (fault, command, result) -> {
          log.debug("event=start_failed", fault);
          command.getErr().println("router: " + sentence(fault));
          return 1;
        });
    int status = line.execute(args);
    if (status != 0 || line.isUsageHelpRequested() || line.isVersionHelpRequested()) {
      System.exit(status);
    }
  }

  private static String sentence(Throwable fault) {
    Throwable cause = fault;
    while (cause instanceof ExecutionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return message == null ? cause.toString() : message;
  }

  @Override
  public Integer call() throws Exception {
    Path dataFolder = data;
    if (dataFolder == null) {
      throw new IllegalStateException("picocli sees to required options");
    }
    RouterOptions options =
        new RouterOptions(
            RouterOptions.Endpoint.parse(listen),
            RouterOptions.Endpoint.parse(link),
            name,
            dataFolder,
            postgres,
            // Settling needs the registry too, whoever says whose evidence is accepted.
            evidence.options(evidence.policy().fileOrRegistry()),
            demo,
            strict,
            maxInFlight,
            tls(),
            attested == null ? null : RouterOptions.Endpoint.parse(attested),
            unsealedKeys,
            prices(),
            newReceiptKey,
            chain.access(
                dataFolder, evidence.policy().chain(), evidence.policy().registryAddress()));
    RouterProcess process = RouterProcess.start(options);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process), "shutdown"));
    return 0;
  }

  private PriceBook prices() throws IOException {
    Path file = prices;
    if (file == null) {
      return PriceBook.of(Price.perMillion(DEFAULT_PRICE));
    }
    try {
      return PriceBook.parse(Files.readString(file));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--prices " + file + ": " + e.getMessage(), e);
    }
  }

  private RouterOptions.@Nullable Tls tls() {
    Path certificate = tlsCertificate;
    Path key = tlsKey;
    if (certificate == null && key == null) {
      return null;
    }
    if (certificate == null || key == null) {
      throw new IllegalArgumentException("--tls-certificate and --tls-key need each other");
    }
    for (Path file : List.of(certificate, key)) {
      if (!Files.isReadable(file)) {
        throw new IllegalArgumentException("cannot read " + file);
      }
    }
    return new RouterOptions.Tls(certificate, key);
  }

  private static void stop(RouterProcess process) {
    try {
      Future<Void> stopped = process.stop(TimeUnit.SECONDS.toMillis(STOP_SECONDS - 2));
      stopped.toCompletionStage().toCompletableFuture().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      log.error("event=stop_failed", e);
    }
  }
}
