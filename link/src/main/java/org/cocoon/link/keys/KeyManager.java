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
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.CollateralFeed;
import org.cocoon.link.tls.CollateralLog;
import org.cocoon.link.tls.PeerVerdict;
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
  private @Nullable SimulatedTee simulatedTee;
  private @Nullable HttpServer listener;
  private @Nullable KeyServer server;
  private volatile @Nullable CollateralFeed collateral;

  /** Set before the policy is polled for the first time. */
  private volatile @Nullable PeerVerifier workerPeers;

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
    PolicyWatch policy = PolicyWatch.open(options.policy(), new PolicyListener());
    CollateralFeed feed =
        CollateralFeed.open(
            options.collateral(),
            Optional.empty(),
            () -> roots(policy.current()),
            clock,
            new CollateralLog(clock, () -> renewKeys("the collateral changed")));
    collateral = feed;
    CollateralLog.warnIfMissing(feed, policy.current());
    EvidenceVerifier verifier = new EvidenceVerifier(policy.current(), feed.source());
    RenewingIdentity identity =
        new RenewingIdentity(
            Role.KEYS,
            reports(),
            clock,
            fault -> log.error("event=identity_not_renewed reason=\"{}\"", fault.getMessage()));
    feed.prefetch(identity.get().platform());
    if (identity.get().verdict(verifier) instanceof PeerVerdict.Refused refused) {
      log.warn(
          "event=own_evidence_refused reason={} detail=\"{}\" hint=\"workers and clients with this policy will not trust these keys\"",
          refused.reason(),
          refused.detail());
    }
    PeerVerifier workers =
        new PeerVerifier(
            Role.WORKER,
            verifier,
            clock,
            VERDICTS_CACHED,
            refusal ->
                log.warn(
                    "event=evidence_refused role=worker peer={} reason={} detail=\"{}\"",
                    refusal.peer(),
                    refusal.reason(),
                    refusal.detail()));
    workerPeers = workers;
    await(onLoop(() -> listen(identity, workers, policy)));
  }

  private static Set<String> roots(Policy policy) {
    Set<String> all = new HashSet<>(policy.trustedRoots());
    all.addAll(policy.simulatedRoots());
    return all;
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

  private final class PolicyListener implements PolicyWatch.Listener {
    @Override
    public void changed(Policy policy) {
      PeerVerifier workers = workerPeers;
      CollateralFeed feed = collateral;
      if (workers == null || feed == null) {
        return;
      }
      workers.use(new EvidenceVerifier(policy, feed.source()));
      log.info("event=policy_changed digest={}", PolicyWatch.shortDigest(policy));
      CollateralLog.warnIfMissing(feed, policy);
      renewKeys("the policy changed");
    }

    @Override
    public void unreadable(String reason) {
      log.error("event=policy_unreadable reason=\"{}\" hint=\"the one before is kept\"", reason);
    }
  }

  private Future<Void> listen(RenewingIdentity identity, PeerVerifier workers, PolicyWatch policy) {
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
        () ->
            vertx.executeBlocking(
                () -> {
                  policy.poll();
                  return true;
                },
                false));
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

  private TsmReports reports() throws IOException {
    if (options.simulatedTee() == null) {
      return new TsmReports(options.tee());
    }
    SimulatedTee tee =
        SimulatedTee.start(
            options.simulatedTee(),
            Role.KEYS,
            ImageMeasurement.ofRunningProgram(),
            options.simulatedProvider());
    simulatedTee = tee;
    log.warn("event=simulated what=tee meaning=\"evidence is signed by a test root\"");
    return new TsmReports(tee.reportsFolder());
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
    CollateralFeed feed = collateral;
    if (feed != null) {
      feed.close();
    }
    SimulatedTee tee = simulatedTee;
    if (tee != null) {
      tee.close();
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
