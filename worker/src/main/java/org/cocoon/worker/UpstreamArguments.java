package org.cocoon.worker;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.upstream.UpstreamOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The server beside a worker that computes for it, on the worker's command line; a mixin. */
final class UpstreamArguments {
  @Option(
      names = "--upstream",
      paramLabel = "URL",
      description =
          "The server beside this worker (default: looks at ports 8000, 30000, 8080, 11434).")
  private @Nullable String upstream;

  @Option(
      names = "--upstream-model",
      defaultValue = "",
      paramLabel = "NAME",
      description = "Which of its models (default: the only one).")
  private String upstreamModel = "";

  @Option(
      names = "--upstream-key-file",
      paramLabel = "FILE",
      description = "File with the key that the server asks for (default: none).")
  private @Nullable Path upstreamKeyFile;

  @Option(
      names = "--upstream-elsewhere",
      description =
          "The server may be on another machine. Every prompt then leaves this one, and with it"
              + " whatever protects it here.")
  private boolean upstreamElsewhere;

  @Option(
      names = "--upstream-wait",
      defaultValue = "PT10M",
      paramLabel = "DURATION",
      description = "How long to wait for the server to be ready (default PT10M).")
  private Duration upstreamWait = Duration.ofMinutes(10);

  /** Whether it was said where the server is. */
  boolean isNamed() {
    return upstream != null;
  }

  /** Whether prompts leave this machine: then none may be opened here that was sealed. */
  boolean leavesTheMachine() {
    return upstreamElsewhere;
  }

  /** Waits for the server that was named, or for the first at a usual port. */
  Engine await(ModelSpec spec, int slots, int context, Vertx vertx, StepListener listener)
      throws InterruptedException {
    UpstreamOptions there =
        upstream == null ? null : options(spec, slots, context, UpstreamOptions.address(upstream));
    return search(spec, slots, context, vertx).await(there, listener);
  }

  /** The first server at a usual port, or null where none listens now. */
  @Nullable Engine first(ModelSpec spec, int slots, int context, Vertx vertx, StepListener listener)
      throws InterruptedException {
    return search(spec, slots, context, vertx).first(listener);
  }

  private UpstreamSearch search(ModelSpec spec, int slots, int context, Vertx vertx) {
    return new UpstreamSearch(vertx, there -> options(spec, slots, context, there), upstreamWait);
  }

  /** What was said of a server there. */
  private UpstreamOptions options(ModelSpec spec, int slots, int context, URI there) {
    UpstreamOptions options =
        new UpstreamOptions(
            there, model(spec), spec.name(), key(), slots, context, UpstreamOptions.Limits.DEFAULT);
    if (!options.isLocal() && !upstreamElsewhere) {
      throw new IllegalArgumentException(
          "--upstream %s is another machine, and every prompt would leave this one; if that is what you want, say --upstream-elsewhere"
              .formatted(there));
    }
    return options;
  }

  /** A model that is no file of ours is one of the server's. */
  private String model(ModelSpec spec) {
    return upstreamModel.isEmpty() && !spec.source().endsWith(".gguf")
        ? spec.source()
        : upstreamModel;
  }

  private String key() {
    if (upstreamKeyFile == null) {
      return "";
    }
    try {
      return Files.readString(upstreamKeyFile).strip();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--upstream-key-file " + upstreamKeyFile + " cannot be read: " + e.getMessage(), e);
    }
  }
}
