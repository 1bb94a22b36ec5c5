package org.cocoon.bench;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.cocoon.client.ManifestVersion;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code null-server}: what to measure the generator itself against. */
@Command(
    name = "null-server",
    description = "Serve answers from memory, to find the generator's own limit.",
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example, in two terminals:",
      "  bench null-server --port 9000 --tokens 1000 --events-per-write 16",
      "  bench run --target http://127.0.0.1:9000/v1 --concurrency 32 --requests 20000"
    })
final class NullServerCommand implements Callable<Integer> {
  private final PrintStream out;

  @Option(names = "--host", defaultValue = "127.0.0.1", description = "Default: 127.0.0.1.")
  private String host = "127.0.0.1";

  @Option(names = "--port", defaultValue = "9000", description = "Default: 9000.")
  private int port = 9000;

  @Option(names = "--tokens", defaultValue = "128", description = "In each answer (default: 128).")
  private int tokens = 128;

  @Option(
      names = "--events-per-write",
      defaultValue = "1",
      description = "How many go into one write (default: 1).")
  private int eventsPerWrite = 1;

  @Option(names = "--loops", defaultValue = "1", description = "Event loops (default: 1).")
  private int loops = 1;

  NullServerCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws InterruptedException {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops));
    for (int i = 0; i < loops; i++) {
      vertx
          .deployVerticle(
              new NullServer(host, port, Math.max(1, tokens), Math.max(1, eventsPerWrite)))
          .toCompletionStage()
          .toCompletableFuture()
          .join();
    }
    out.println("Listening on http://" + host + ":" + port + "/v1 until Ctrl-C.");
    out.flush();
    new CountDownLatch(1).await();
    return 0;
  }
}
