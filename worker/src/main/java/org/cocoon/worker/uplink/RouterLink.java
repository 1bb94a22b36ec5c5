package org.cocoon.worker.uplink;

import com.google.protobuf.ByteString;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Refused;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Welcome;
import org.cocoon.worker.earnings.EarningsBook;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.seal.SealedRuns;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The link to one router, dialled again whenever it ends, and renewed before its certificates do.
 *
 * <pre>
 * DIALLING  welcome came-------------> ATTACHED   (back-off starts anew)
 * DIALLING  it failed, or "later"----> WAITING    back-off, doubled up to its bound, with jitter
 * DIALLING  refused for good---------> CLOSED     (no common protocol version)
 * ATTACHED  the session ended--------> WAITING
 * ATTACHED  time to renew------------> ATTACHED   a second session is dialled beside the first;
 *                                                 once welcomed, the first one leaves
 * WAITING   time passed--------------> DIALLING   with a fresh key and fresh evidence
 * any       retire-------------------> CLOSED     once what runs is done, or has had its time
 * any       close--------------------> CLOSED
 * </pre>
 *
 * <p>State belongs to one Vert.x context.
 */
final class RouterLink implements RouterSession.Owner {
  private static final Logger log = LoggerFactory.getLogger(RouterLink.class);
  private static final long LEAST_BACK_OFF_MILLIS = 100;
  private static final long ABSENT_BACK_OFF_MILLIS = 250;
  private static final long MOST_BACK_OFF_MILLIS = 2_000;
  private static final long RENEW_AGAIN_SECONDS = 30;

  /** A session that may not stay ends after so long, finished or not, as at the router. */
  private static final long LEAVING_MILLIS = 30_000;

  /** Sessions that still finish what they have; more than that are not made by renewing. */
  private static final int MOST_LEAVING = 4;

  private static final int INSTANCE_BYTES = 16;

  /** What a link needs of the worker. */
  interface Terms {
    /** Says who we are. */
    Hello hello();

    /** Keys, evidence and the routers' evidence. */
    Attestation attestation();

    /** The engines, one for each model. */
    EngineSet engines();

    /** What is offered now, as routers are told of it. */
    List<Model> models();

    /** What a conversation without a system message begins with; empty: nothing. */
    String system();

    /** Opens sealed runs. */
    SealedRuns sealed();

    /** The keys that prompts can be sealed to now. */
    List<GroupKeyStatement> groupKeys();

    /** What routers owe the owner of this worker, or null where nobody is paid. */
    @Nullable EarningsBook earnings();

    /** A router refuses this worker for good. */
    Consumer<String> refusedForGood();
  }

  private final Vertx vertx;
  private final Context context;
  private final SocketAddress router;
  private final long number;
  private final ByteString instance;
  private final Terms terms;
  private final List<RouterSession> leaving = new ArrayList<>();

  private @Nullable RouterSession dialling;
  private @Nullable RouterSession attached;
  private Instant renewAt = Instant.MAX;
  private boolean waiting;
  private boolean closed;
  private volatile boolean over;
  private volatile boolean up;
  private boolean draining;
  private long sessions;
  private long backOffMillis = LEAST_BACK_OFF_MILLIS;
  private long heartbeat;

  RouterLink(Vertx vertx, SocketAddress router, long number, Terms terms) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.router = router;
    this.number = number;
    this.terms = terms;
    byte[] random = new byte[INSTANCE_BYTES];
    new SecureRandom().nextBytes(random);
    this.instance = ByteString.copyFrom(random);
  }

  boolean owns(long link) {
    return link >>> 32 == number;
  }

  void start() {
    context.runOnContext(ignored -> dial());
    heartbeat =
        vertx.setPeriodic(
            RouterSession.HEARTBEAT_MILLIS, ignored -> context.runOnContext(v -> beat()));
  }

  private void dial() {
    waiting = false;
    if (closed || dialling != null) {
      return;
    }
    sessions++;
    RouterSession fresh =
        new RouterSession(vertx, context, router, number << 32 | sessions, instance, terms, this);
    dialling = fresh;
    fresh.dial();
  }

  private void dialLater() {
    if (closed || waiting) {
      return;
    }
    waiting = true;
    long jitter = ThreadLocalRandom.current().nextLong(backOffMillis / 4 + 1);
    vertx.setTimer(backOffMillis + jitter, ignored -> context.runOnContext(v -> dial()));
    backOffMillis = Math.min(backOffMillis * 2, MOST_BACK_OFF_MILLIS);
  }

  private List<RouterSession> sessions() {
    List<RouterSession> all = new ArrayList<>(leaving);
    if (attached != null) {
      all.add(attached);
    }
    return all;
  }

  private void beat() {
    sessions().forEach(RouterSession::beat);
    boolean due = !terms.attestation().clock().instant().isBefore(renewAt);
    if (attached != null && dialling == null && due && leaving.size() < MOST_LEAVING && !draining) {
      dial();
    }
  }

  // ------------------------------------------------------------------ what becomes of sessions

  @Override
  public void attached(RouterSession session, Welcome welcome, Instant renewSessionAt) {
    RouterSession before = attached;
    dialling = null;
    attached = session;
    up = true;
    renewAt = renewSessionAt;
    backOffMillis = LEAST_BACK_OFF_MILLIS;
    log.info(
        "event={} router={} address={} version={} renew_at={}",
        before == null ? "attached" : "renewed",
        welcome.getRouter(),
        router,
        welcome.getVersion(),
        renewAt);
    if (draining) {
      session.drain();
    }
    if (before != null) {
      leaving.add(before);
      before.leave(0);
    }
  }

  @Override
  public void refused(RouterSession session, Refused refused) {
    if (refused.getLater()) {
      ended(session, "refused for now: " + refused.getReason(), false);
      return;
    }
    log.error("event=refused router={} reason=\"{}\"", router, refused.getReason());
    close();
    terms.refusedForGood().accept(refused.getReason());
  }

  @Override
  public void ended(RouterSession session, String why, boolean absent) {
    if (leaving.remove(session)) {
      log.info("event=left router={} reason=\"{}\"", router, why);
      return;
    }
    if (closed) {
      return;
    }
    boolean wasAttached = session.equals(attached);
    if (wasAttached) {
      attached = null;
      up = false;
    } else {
      dialling = null;
    }
    if (absent) {
      // Nobody listens: a router that starts should not wait for us, and asking is cheap.
      backOffMillis = Math.min(backOffMillis, ABSENT_BACK_OFF_MILLIS);
    }
    String ours = terms.attestation().selfCheck();
    log.warn(
        "event={} router={} reason=\"{}\"{} retry_millis={}",
        wasAttached ? "detached" : attached == null ? "attach_failed" : "renewal_failed",
        router,
        why,
        ours.isEmpty() ? "" : " own_evidence=\"" + ours + '"',
        backOffMillis);
    if (attached != null) {
      renewAt = terms.attestation().clock().instant().plusSeconds(RENEW_AGAIN_SECONDS);
    } else if (dialling == null) {
      dialLater();
    }
  }

  /** Ends what came over a connection whose router is no longer accepted. */
  void end(HttpConnection connection, String reason, String detail, boolean drainFirst) {
    for (RouterSession session : sessions()) {
      if (session.over(connection)) {
        log.warn(
            "event=link_ended router={} running={} drain={} reason={} detail=\"{}\"",
            router,
            session.running(),
            drainFirst,
            reason,
            detail);
        if (drainFirst && session.running() > 0) {
          session.leave(LEAVING_MILLIS);
        } else {
          session.broken(reason);
        }
      }
    }
  }

  // ------------------------------------------------------------------ what the worker says

  /** Sends what a step produced for one session; from the engine's thread. */
  void send(long link, List<Tokens> tokens, List<Done> done, List<Failed> failed) {
    FromWorker.Builder message =
        FromWorker.newBuilder().addAllTokens(tokens).addAllDone(done).addAllFailed(failed);
    context.runOnContext(
        ignored -> {
          for (RouterSession session : sessions()) {
            if (session.link() == link) {
              session.send(message, done, failed); // otherwise the one that asked is gone
            }
          }
        });
  }

  /** Tells the router the keys of now. */
  void keysChanged() {
    context.runOnContext(ignored -> sessions().forEach(RouterSession::tellKeys));
  }

  /**
   * Tells the router what is offered now.
   *
   * @return completes when nothing is on its way any more that was sent before the router heard it
   */
  Future<Void> modelsChanged() {
    Promise<Void> told = Promise.promise();
    context.runOnContext(
        ignored ->
            Future.join(sessions().stream().map(RouterSession::tellModels).toList())
                .onComplete(heard -> told.complete()));
    return told.future();
  }

  /** Takes nothing new from now on. */
  void drain() {
    context.runOnContext(
        ignored -> {
          draining = true;
          sessions().forEach(RouterSession::drain);
        });
  }

  /** Dials no more, lets what runs finish for a bounded time, and ends. */
  void retire() {
    log.info("event=router_left address={}", router);
    context.runOnContext(
        ignored -> {
          closed = true;
          RouterSession underWay = dialling;
          if (underWay != null) {
            underWay.close();
            dialling = null;
          }
          RouterSession up = attached;
          if (up != null) {
            attached = null;
            leaving.add(up);
            up.leave(LEAVING_MILLIS);
          }
          vertx.setTimer(LEAVING_MILLIS + RouterSession.HEARTBEAT_MILLIS, late -> close());
        });
  }

  /** Whether it has ended for good; from any thread. */
  boolean isOver() {
    return over;
  }

  /** Whether its router takes it now; from any thread. */
  boolean isUp() {
    return up;
  }

  /** Where its router is. */
  SocketAddress router() {
    return router;
  }

  void close() {
    context.runOnContext(
        ignored -> {
          closed = true;
          over = true;
          vertx.cancelTimer(heartbeat);
          sessions().forEach(RouterSession::close);
          RouterSession underWay = dialling;
          if (underWay != null) {
            underWay.close();
          }
          leaving.clear();
          attached = null;
          dialling = null;
        });
  }
}
