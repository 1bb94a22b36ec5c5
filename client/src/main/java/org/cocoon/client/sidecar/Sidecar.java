package org.cocoon.client.sidecar;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.cocoon.client.attested.Attestation;
import org.cocoon.client.attested.RouterReply;
import org.cocoon.client.attested.SealedSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running sidecar: the API for apps, and the session with the router behind it, on one event
 * loop. Its methods may be called from any other thread.
 */
public final class Sidecar {
  private static final Logger log = LoggerFactory.getLogger(Sidecar.class);

  /** Requests that may run at the same time. */
  static final int MAX_IN_FLIGHT = 256;

  private static final int MAX_CONNECTIONS = 512;
  private static final int MAX_HEADER_BYTES = 16 << 10;

  /** Longer than any request may take; only connections that nobody uses are older. */
  private static final int IDLE_SECONDS = 3_900;

  private final Vertx vertx;
  private final Context loop;
  private final SealedSession session;
  private final LocalApi api;
  private final HttpServer server;
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private int connections;

  private Sidecar(
      Vertx vertx, Context loop, SealedSession session, SidecarOptions options, LocalApi api) {
    this.vertx = vertx;
    this.loop = loop;
    this.session = session;
    this.api = api;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(options.host())
                    .setPort(options.port())
                    .setHttp2ClearTextEnabled(false)
                    .setMaxHeaderSize(MAX_HEADER_BYTES)
                    .setIdleTimeout(IDLE_SECONDS)
                    .setTcpNoDelay(true))
            .connectionHandler(this::connected)
            .requestHandler(api::handle);
  }

  /**
   * Starts one; blocks until it listens. The router is not asked yet.
   *
   * @throws IOException a sentence, if the policy cannot be read or the port is taken
   */
  public static Sidecar start(SidecarOptions options) throws IOException {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    Context loop = vertx.getOrCreateContext();
    Promise<Sidecar> started = Promise.promise();
    loop.runOnContext(_ -> begin(vertx, loop, options).onComplete(started));
    try {
      return started.future().toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      vertx.close();
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw cause instanceof IOException unreadable
          ? unreadable
          : new IOException(String.valueOf(cause.getMessage()), cause);
    }
  }

  private static Future<Sidecar> begin(Vertx vertx, Context loop, SidecarOptions options) {
    Sidecar sidecar;
    try {
      SealedSession session = SealedSession.open(vertx, options.session());
      LocalApi api =
          new LocalApi(vertx, session, options.key(), options.session().clock(), MAX_IN_FLIGHT);
      sidecar = new Sidecar(vertx, loop, session, options, api);
    } catch (IOException | RuntimeException e) {
      return Future.failedFuture(e);
    }
    return sidecar
        .server
        .listen()
        .map(sidecar)
        .recover(
            fault ->
                Future.failedFuture(
                    new IOException(
                        "cannot listen on %s:%d: %s"
                            .formatted(options.host(), options.port(), fault.getMessage()),
                        fault)));
  }

  private void connected(HttpConnection connection) {
    if (connections >= MAX_CONNECTIONS) {
      log.warn("event=too_many_connections limit={}", MAX_CONNECTIONS);
      connection.close();
      return;
    }
    connections++;
    connection.closeHandler(_ -> connections--);
  }

  /** The port that it listens on. */
  public int port() {
    return server.actualPort();
  }

  /** Asks the router for something that is no secret; verifies it on the way. */
  CompletableFuture<RouterReply> ask(String path, Optional<String> key) {
    return onLoop(() -> session.get(path, key));
  }

  /** Verifies the group key of a model. */
  CompletableFuture<Attestation> verify(String model, Optional<String> key) {
    return onLoop(() -> session.verify(model, key));
  }

  /** What was verified so far. */
  public CompletableFuture<Attestation> attestation() {
    return onLoop(() -> Future.succeededFuture(session.attestation()));
  }

  private <T> CompletableFuture<T> onLoop(Supplier<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    loop.runOnContext(_ -> work.get().onComplete(promise));
    return promise.future().toCompletionStage().toCompletableFuture();
  }

  /**
   * Stops: takes nothing new, ends what runs with an error that says so, then closes the
   * connections to apps and to the router. Twice is fine.
   */
  public CompletableFuture<Void> stop() {
    if (stopping.compareAndSet(false, true)) {
      loop.runOnContext(_ -> stopInOrder());
    }
    return stopped;
  }

  /** Stops and waits for it, but no longer than this. */
  void stopWithin(Duration time) {
    try {
      stop().get(time.toMillis(), TimeUnit.MILLISECONDS);
      log.info("event=stopped");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("event=stop_failed", e);
    }
  }

  private void stopInOrder() {
    api.drain();
    session
        .close(Replies.failure(503, "server_error", "draining", "The sidecar is stopping."))
        .eventually(server::close)
        .eventually(vertx::close)
        .onSuccess(stopped::complete)
        .onFailure(stopped::completeExceptionally);
  }
}
