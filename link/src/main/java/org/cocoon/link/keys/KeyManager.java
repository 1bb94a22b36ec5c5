package org.cocoon.link.keys;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.node.NodeTee;
import org.cocoon.link.node.NodeTrust;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.link.tls.RenewingIdentity;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running key manager: it hands the group keys of models to attested workers, and to nobody else.
 *
 * <p>Keys live in its memory alone: when it ends, they are gone, and the next one makes others. A
 * worker that is up keeps what it has until that ends.
 */
public final class KeyManager {
  private static final Logger log = LoggerFactory.getLogger(KeyManager.class);
  private static final int VERDICTS_CACHED = 4096;
  private static final long TICK_MILLIS = 250;
  private static final long IDENTITY_MILLIS = 10_000;

  /** A worker pings each five seconds; who is silent for so long is gone. */
  private static final int IDLE_SECONDS = 30;

  private final KeyManagerOptions options;
  private final InstantSource clock = InstantSource.system();
  private final Vertx vertx;
  private final Context context;
  private final List<Long> timers = new ArrayList<>();
  private @Nullable NodeTee tee;
  private @Nullable NodeTrust trust;
  private @Nullable HttpServer listener;
  private @Nullable KeyServer server;

  private KeyManager(KeyManagerOptions options) {
    this.options = options;
    this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    this.context = vertx.getOrCreateContext();
  }

  /**
   * Starts a key manager; blocks until it listens.
   *
   * @throws Exception with a sentence for the operator
   */
  public static KeyManager start(KeyManagerOptions options) throws Exception {
    KeyManager started = new KeyManager(options);
    try {
      started.begin();
      return started;
    } catch (Exception fault) {
      await(started.stop());
      throw fault;
    }
  }

  private void begin() throws Exception {
    NodeTrust accepting =
        NodeTrust.open(options.evidence(), Optional.empty(), clock, this::renewKeys);
    trust = accepting;
    NodeTee enclosing = NodeTee.open(options.evidence(), Role.KEYS);
    tee = enclosing;
    RenewingIdentity identity =
        new RenewingIdentity(
            Role.KEYS,
            enclosing.reports(),
            clock,
            fault -> log.error("event=identity_not_renewed reason=\"{}\"", fault.getMessage()));
    accepting.checkOwn(identity, "workers and clients with this policy will not trust these keys");
    PeerVerifier workers = accepting.expecting(Role.WORKER, VERDICTS_CACHED);
    await(onLoop(() -> listen(identity, workers, accepting)));
  }

  private void renewKeys(String why) {
    context.runOnContext(
        ignored -> {
          KeyServer serving = server;
          if (serving != null) {
            serving.renewKeys(why);
          }
        });
  }

  private Future<Void> listen(
      RenewingIdentity identity, PeerVerifier workers, NodeTrust accepting) {
    KeyServer serving =
        new KeyServer(
            vertx,
            new GroupKeyStore(options.epoch(), clock, new SecureRandom()),
            workers,
            identity.get(),
            clock);
    server = serving;
    every(TICK_MILLIS, serving::tick);
    every(
        PolicyWatch.PERIOD_MILLIS,
        () -> vertx.executeBlocking(Executors.callable(accepting::poll), false));
    every(
        IDENTITY_MILLIS, () -> vertx.executeBlocking(identity::get, false).onSuccess(serving::use));
    HttpServer http =
        vertx
            .createHttpServer(
                AttestedTls.serverOptions(identity, workers).setIdleTimeout(IDLE_SECONDS))
            .requestHandler(serving.handler());
    listener = http;
    return http.listen(options.port(), options.host())
        .onSuccess(
            bound ->
                log.info(
                    "event=listening keys={}:{} name={} id={} epoch={} version={}",
                    options.host(),
                    bound.actualPort(),
                    options.name(),
                    identity.get().id(),
                    options.epoch(),
                    KeyManagerMain.VERSION))
        .recover(
            fault ->
                Future.failedFuture(
                    new IOException(
                        "cannot listen on %s:%d (%s): is it taken? Choose another with --listen."
                            .formatted(options.host(), options.port(), fault.getMessage()))))
        .mapEmpty();
  }

  private void every(long millis, Runnable work) {
    timers.add(vertx.setPeriodic(millis, ignored -> work.run()));
  }

  /** The port that workers dial. */
  public int port() {
    return listener == null ? 0 : listener.actualPort();
  }

  /** Forgets all keys and ends all links. */
  public Future<Void> stop() {
    log.info("event=stopping");
    return onLoop(
            () -> {
              timers.forEach(vertx::cancelTimer);
              KeyServer serving = server;
              if (serving != null) {
                serving.close();
              }
              HttpServer http = listener;
              return http == null ? Future.<Void>succeededFuture() : http.close();
            })
        .transform(ignored -> vertx.executeBlocking(this::closeBlocking, false))
        .transform(ignored -> vertx.close())
        .onComplete(ignored -> log.info("event=stopped"));
  }

  private boolean closeBlocking() throws IOException {
    NodeTrust accepting = trust;
    if (accepting != null) {
      accepting.close();
    }
    NodeTee enclosing = tee;
    if (enclosing != null) {
      enclosing.close();
    }
    return true;
  }

  private <T> Future<T> onLoop(Callable<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(
        ignored -> {
          try {
            work.call().onComplete(promise);
          } catch (Exception fault) {
            promise.fail(fault);
          }
        });
    return promise.future();
  }

  private static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
