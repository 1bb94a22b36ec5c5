package org.cocoon.worker.uplink;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import java.net.ConnectException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Grant;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.RunKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The link to one router, dialled again whenever it ends.
 *
 * <pre>
 * DIALLING  hello sent, welcome came--> ATTACHED   (back-off starts anew)
 * DIALLING  TLS refused, no answer----> WAITING    back-off, doubled up to its bound, with jitter
 * DIALLING  refused for good----------> CLOSED     (no common protocol version)
 * ATTACHED  stream or connection ends-> WAITING    every run of the link is cancelled
 * ATTACHED  pings stay unanswered-----> WAITING    the same: the other end is gone without a word
 * ATTACHED  it breaks the protocol----> WAITING    the same
 * WAITING   time passed---------------> DIALLING   with a fresh key and fresh evidence
 * any       close---------------------> CLOSED
 * </pre>
 *
 * <p>State belongs to one Vert.x context.
 */
final class RouterLink {
  private static final Logger log = LoggerFactory.getLogger(RouterLink.class);
  private static final long LEAST_BACK_OFF_MILLIS = 100;
  private static final long ABSENT_BACK_OFF_MILLIS = 250;
  private static final long MOST_BACK_OFF_MILLIS = 2_000;
  private static final long HEARTBEAT_MILLIS = 1_000;
  private static final long WELCOME_MILLIS = 10_000;

  /** Heartbeats whose ping may stay unanswered, as long as a router waits for a silent worker. */
  private static final int MOST_UNANSWERED = 5;

  /** After how long a cancel is tried again that the engine had no room to look at. */
  private static final long CANCEL_AGAIN_MILLIS = 50;

  private static final Buffer PING = Buffer.buffer("cocoon-1");

  /** What a link needs of the worker. */
  interface Terms {
    /** Says who we are. */
    Hello hello();

    /** Makes a fresh key and evidence, and TLS options from them; blocks. */
    Callable<HttpClientOptions> freshTls();

    /** Why our own evidence would be refused by our own policy, or empty. */
    Supplier<String> selfCheck();

    /** The engine. */
    Engine engine();

    /** What a conversation without a system message begins with; empty: nothing. */
    String system();

    /** A router refuses this worker for good. */
    Consumer<String> refusedForGood();
  }

  private final Vertx vertx;
  private final Context context;
  private final SocketAddress router;
  private final long number;
  private final Terms terms;
  private final Set<Long> runs = new HashSet<>();

  private @Nullable GrpcClient client;
  private @Nullable GrpcClientRequest<FromWorker, FromRouter> stream;
  private boolean attached;
  private boolean closed;
  private boolean draining;
  private long session;
  private long highestRun;
  private long backOffMillis = LEAST_BACK_OFF_MILLIS;
  private LoadReport lastLoad = LoadReport.getDefaultInstance();
  private long heartbeat;
  private int unanswered;

  RouterLink(Vertx vertx, SocketAddress router, long number, Terms terms) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.router = router;
    this.number = number;
    this.terms = terms;
  }

  /** This link's part of a run key, another one for each connection. */
  private long link() {
    return number << 32 | session;
  }

  boolean owns(long link) {
    return link >>> 32 == number;
  }

  void start() {
    context.runOnContext(ignored -> dial());
    heartbeat = vertx.setPeriodic(HEARTBEAT_MILLIS, ignored -> context.runOnContext(v -> beat()));
  }

  private void dial() {
    if (closed) {
      return;
    }
    session++;
    long mine = session;
    vertx
        .executeBlocking(terms.freshTls(), false)
        .compose(
            options -> {
              if (mine != session || closed) {
                return Future.failedFuture("closed while its evidence was made");
              }
              GrpcClient fresh =
                  GrpcClient.client(
                      vertx,
                      new GrpcClientOptions().setMaxMessageSize(Uplink.MAX_DOWN_BYTES),
                      options);
              client = fresh;
              return fresh.request(router, Uplink.client());
            })
        .compose(request -> attach(request, mine))
        .onFailure(
            fault -> {
              if (fault instanceof ConnectException) {
                // Nobody listens: a router that starts should not wait for us, and asking is cheap.
                backOffMillis = Math.min(backOffMillis, ABSENT_BACK_OFF_MILLIS);
              }
              ended(mine, reason(fault));
            });
  }

  private Future<Void> attach(GrpcClientRequest<FromWorker, FromRouter> request, long mine) {
    if (mine != session || closed) {
      request.connection().close();
      return Future.failedFuture("closed while it dialled");
    }
    stream = request;
    unanswered = 0;
    vertx.setTimer(WELCOME_MILLIS, ignored -> welcomeDue(mine));
    request.exceptionHandler(fault -> ended(mine, reason(fault)));
    request.connection().closeHandler(ignored -> ended(mine, "the connection closed"));
    Future<GrpcClientResponse<FromWorker, FromRouter>> response = request.response();
    request.write(FromWorker.newBuilder().setHello(terms.hello()).build());
    return response
        .onSuccess(
            opened -> {
              opened.handler(message -> heard(message, mine));
              opened.endHandler(ignored -> ended(mine, "the router ended the stream"));
              opened.exceptionHandler(fault -> ended(mine, reason(fault)));
            })
        .mapEmpty();
  }

  private void welcomeDue(long mine) {
    if (mine == session && !attached) {
      ended(mine, "no welcome within %d s".formatted(WELCOME_MILLIS / 1000));
    }
  }

  private static String reason(Throwable fault) {
    String message = fault.getMessage();
    Throwable cause = fault.getCause();
    return (message == null ? fault.getClass().getSimpleName() : message)
        + (cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")");
  }

  private void heard(FromRouter message, long mine) {
    if (mine != session || closed) {
      return;
    }
    if (message.hasRefused()) {
      String why = message.getRefused().getReason();
      log.error("event=refused router={} reason=\"{}\"", router, why);
      close();
      terms.refusedForGood().accept(why);
      return;
    }
    if (message.hasWelcome() && !attached) {
      attached = true;
      backOffMillis = LEAST_BACK_OFF_MILLIS;
      log.info(
          "event=attached router={} address={} version={}",
          message.getWelcome().getRouter(),
          router,
          message.getWelcome().getVersion());
      report(true);
      return;
    }
    if (!attached) {
      ended(mine, "the router spoke before its welcome");
      return;
    }
    if (message.getDrain()) {
      log.info("event=router_draining router={}", router);
    }
    String wrong = obey(message);
    if (wrong != null) {
      ended(mine, wrong);
    }
  }

  /** Does what a message says; returns why this router is to be cut off, or null. */
  private @Nullable String obey(FromRouter message) {
    for (Run run : message.getRunList()) {
      if (!run(run)) {
        return "the router gave one number to two runs";
      }
    }
    try {
      for (Grant grant : message.getGrantList()) {
        if (runs.contains(grant.getRun())) {
          terms.engine().grant(new RunKey(link(), grant.getRun()), grant.getTokens());
        }
      }
      for (Cancel cancel : message.getCancelList()) {
        if (runs.contains(cancel.getRun())) {
          terms.engine().cancel(new RunKey(link(), cancel.getRun()));
        }
      }
    } catch (RejectedExecutionException e) {
      return "the router sends more than the engine can look at";
    }
    return null;
  }

  /** Starts a run, or says why not; returns false where its number is taken. */
  private boolean run(Run run) {
    highestRun = Math.max(highestRun, run.getRun());
    if (draining) {
      fail(run, FailureCode.FAILURE_DRAINING, "this worker is stopping");
      return true;
    }
    if (!runs.add(run.getRun())) {
      return false;
    }
    try {
      terms.engine().generate(WireRequests.request(link(), run, terms.system()));
    } catch (RejectedExecutionException e) {
      runs.remove(run.getRun());
      fail(run, FailureCode.FAILURE_BUSY, "this worker has too much to look at");
    }
    return true;
  }

  private void fail(Run run, FailureCode code, String message) {
    write(
        FromWorker.newBuilder()
            .addFailed(Failed.newBuilder().setRun(run.getRun()).setCode(code).setMessage(message))
            .build());
  }

  /** Sends what a step produced for this link; from the engine's thread. */
  void send(long link, List<Tokens> tokens, List<Done> done, List<Failed> failed) {
    FromWorker.Builder message =
        FromWorker.newBuilder().addAllTokens(tokens).addAllDone(done).addAllFailed(failed);
    boolean ends = !done.isEmpty() || !failed.isEmpty();
    context.runOnContext(
        ignored -> {
          if (link != link()) {
            return; // the connection that asked is gone
          }
          if (ends) {
            done.forEach(one -> runs.remove(one.getRun()));
            failed.forEach(one -> runs.remove(one.getRun()));
            LoadReport load = load();
            lastLoad = load;
            message.setLoad(load);
          }
          write(message.build());
        });
  }

  private void write(FromWorker message) {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open != null && attached) {
      open.write(message); // bounded: no run sends more than its credit
    }
  }

  private LoadReport load() {
    EngineLoad load = terms.engine().load();
    return LoadReport.newBuilder()
        .setRunning(load.running())
        .setQueued(load.queued())
        .setQueuedPromptTokens(load.queuedPromptTokens())
        .setDecodeTokensPerSecond(load.decodeTokensPerSecond())
        .setPrefillTokensPerSecond(load.prefillTokensPerSecond())
        .setDispatchedSeen(highestRun)
        .build();
  }

  private void beat() {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open == null || !attached) {
      return;
    }
    if (unanswered >= MOST_UNANSWERED) {
      ended(session, "no sign of life for %d s".formatted(unanswered * HEARTBEAT_MILLIS / 1000));
      return;
    }
    report(true);
    unanswered++;
    long mine = session;
    open.connection()
        .ping(PING)
        .onSuccess(
            ignored -> {
              if (mine == session) {
                unanswered = 0;
              }
            });
  }

  private void report(boolean always) {
    LoadReport load = load();
    if (always || !load.equals(lastLoad)) {
      lastLoad = load;
      write(FromWorker.newBuilder().setLoad(load).setDraining(draining).build());
    }
  }

  private void ended(long mine, String why) {
    if (mine != session || closed) {
      return;
    }
    session++; // what still comes from this connection is stale
    long oldLink = number << 32 | mine;
    runs.forEach(run -> cancel(new RunKey(oldLink, run)));
    runs.clear();
    highestRun = 0;
    String ours = terms.selfCheck().get();
    log.warn(
        "event={} router={} reason=\"{}\"{} retry_millis={}",
        attached ? "detached" : "attach_failed",
        router,
        why,
        ours.isEmpty() ? "" : " own_evidence=\"" + ours + '"',
        backOffMillis);
    attached = false;
    stream = null;
    closeClient();
    long jitter = ThreadLocalRandom.current().nextLong(backOffMillis / 4 + 1);
    vertx.setTimer(backOffMillis + jitter, ignored -> context.runOnContext(v -> dial()));
    backOffMillis = Math.min(backOffMillis * 2, MOST_BACK_OFF_MILLIS);
  }

  /** Cancels a run that nobody hears any more, as soon as the engine has room to look at it. */
  private void cancel(RunKey key) {
    try {
      terms.engine().cancel(key);
    } catch (RejectedExecutionException e) {
      vertx.setTimer(CANCEL_AGAIN_MILLIS, ignored -> cancel(key));
    }
  }

  private void closeClient() {
    GrpcClient old = client;
    client = null;
    if (old != null) {
      old.close();
    }
  }

  /** Takes nothing new from now on. */
  void drain() {
    context.runOnContext(
        ignored -> {
          draining = true;
          report(true);
        });
  }

  void close() {
    context.runOnContext(
        ignored -> {
          closed = true;
          vertx.cancelTimer(heartbeat);
          GrpcClientRequest<FromWorker, FromRouter> open = stream;
          if (open != null && attached) {
            open.end();
          }
          attached = false;
          closeClient();
        });
  }
}
