package org.cocoon.worker;

import io.vertx.core.Vertx;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.upstream.UpstreamEngine;
import org.cocoon.worker.upstream.UpstreamKind;
import org.cocoon.worker.upstream.UpstreamOptions;
import org.cocoon.worker.upstream.UpstreamServer;
import org.jspecify.annotations.Nullable;

/** Looks for a server beside this worker, and waits for one that still loads its model. Blocks. */
final class UpstreamSearch {
  /** Where vLLM and trtllm-serve, SGLang, llama-server and Ollama listen if nothing is said. */
  private static final List<Integer> PORTS = List.of(8000, 30_000, 8080, 11_434);

  private static final long AGAIN_MILLIS = 1_000;
  private static final long ANSWER_SECONDS = 12;

  private final Vertx vertx;
  private final Function<URI, UpstreamOptions> options;
  private final Duration patience;

  UpstreamSearch(Vertx vertx, Function<URI, UpstreamOptions> options, Duration patience) {
    this.vertx = vertx;
    this.options = options;
    this.patience = patience;
  }

  /**
   * Waits for a server.
   *
   * @param there null: the first that is found, now
   * @throws BackendException a sentence, if there is none in time
   */
  Engine await(@Nullable UpstreamOptions there, StepListener listener) throws InterruptedException {
    if (there == null) {
      Engine found = first(listener);
      if (found == null) {
        throw new BackendException(
            "no server that this worker knows listens on ports %s of this machine; start one, or name it with --upstream URL"
                .formatted(PORTS));
      }
      return found;
    }
    long until = System.nanoTime() + patience.toNanos();
    String told = "";
    while (true) {
      try {
        return open(there, find(there), listener);
      } catch (IllegalStateException e) {
        if (System.nanoTime() - until >= 0) {
          throw new BackendException("the server at " + there.base() + ": " + e.getMessage(), e);
        }
        String why = String.valueOf(e.getMessage());
        if (!why.equals(told)) {
          System.err.println("worker: waiting for the server at " + there.base() + ": " + why);
          told = why;
        }
        TimeUnit.MILLISECONDS.sleep(AGAIN_MILLIS);
      }
    }
  }

  /** The first server of a kind that is known on a usual port, or null. */
  @Nullable Engine first(StepListener listener) throws InterruptedException {
    for (int port : PORTS) {
      UpstreamOptions there = options.apply(URI.create("http://127.0.0.1:" + port));
      try {
        UpstreamServer server = find(there);
        if (server.kind() != UpstreamKind.OTHER) { // it may be anything, also a router
          return open(there, server, listener);
        }
      } catch (IllegalStateException e) {
        // nobody there, or nobody that can be used without being named
      }
    }
    return null;
  }

  private Engine open(UpstreamOptions there, UpstreamServer server, StepListener listener) {
    System.err.printf(
        "worker: %s at %s computes for this worker: %s, %d tokens of context, %d at a time%n",
        server.kind().label(),
        there.base(),
        server.model(),
        server.contextTokens(),
        server.slots());
    return UpstreamEngine.open(vertx, there, server, listener);
  }

  private UpstreamServer find(UpstreamOptions there) throws InterruptedException {
    try {
      return UpstreamEngine.find(vertx, there)
          .toCompletionStage()
          .toCompletableFuture()
          .get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(String.valueOf(cause.getMessage()), cause);
    } catch (TimeoutException e) {
      throw new IllegalStateException("it does not answer", e);
    }
  }
}
