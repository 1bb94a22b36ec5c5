package org.cocoon.worker.uplink;

import com.google.protobuf.ByteString;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import java.net.ConnectException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Earnings;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.ModelList;
import org.cocoon.link.wire.ModelLoad;
import org.cocoon.link.wire.ModelsTaken;
import org.cocoon.link.wire.Refused;
import org.cocoon.link.wire.RefusedModel;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.cocoon.worker.earnings.EarningsBook;
import org.cocoon.worker.earnings.EarningsBook.Payer;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.EngineSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a router, with the runs that came over it.
 *
 * <pre>
 * DIALLING           hello sent, welcome came-----> ATTACHED
 * ATTACHED           another one takes over-------> LEAVING   says that it drains
 * LEAVING            told so, and no run is left--> ENDED
 * DIALLING           TLS refused, no answer-------> ENDED
 * ATTACHED, LEAVING  stream or connection ends,
 *                    pings stay unanswered,
 *                    it breaks the protocol-------> ENDED     every run is cancelled
 * any                close------------------------> ENDED     without a word to the owner
 * </pre>
 *
 * <p>State belongs to one Vert.x context.
 */
final class RouterSession implements RouterRuns.Session {
  private static final Logger log = LoggerFactory.getLogger(RouterSession.class);
  static final long HEARTBEAT_MILLIS = 1_000;
  private static final long WELCOME_MILLIS = 10_000;

  /** Heartbeats whose ping may stay unanswered, as long as a router waits for a silent worker. */
  private static final int MOST_UNANSWERED = 5;

  private static final Buffer PING = Buffer.buffer("cocoon-1");

  private enum State {
    DIALLING,
    ATTACHED,
    LEAVING,
    ENDED
  }

  /** Hears what becomes of a session, on its context. */
  interface Owner {
    /** The router takes us; the session should be renewed at that time. */
    void attached(RouterSession session, Welcome welcome, Instant renewAt);

    /** The router does not take us. */
    void refused(RouterSession session, Refused refused);

    /**
     * It is over, once; not told after a refusal or {@link #close}.
     *
     * @param absent whether nobody listens there
     */
    void ended(RouterSession session, String why, boolean absent);
  }

  private final Vertx vertx;
  private final SocketAddress router;
  private final long link;
  private final ByteString instance;
  private final RouterLink.Terms terms;
  private final Owner owner;
  private final RouterRuns runs;

  private State state = State.DIALLING;
  private @Nullable GrpcClient client;
  private @Nullable GrpcClientRequest<FromWorker, FromRouter> stream;
  private Attestation.@Nullable Credentials credentials;
  private @Nullable Payer payer;
  private boolean draining;
  private boolean leavingHeard;
  private long leavingTimer = -1;
  private List<Model> told = List.of();
  private int unanswered;

  /**
   * Makes a session that does not dial yet.
   *
   * @param link this session's part of a run key, another one for each connection
   * @param instance of this process, for this router
   */
  RouterSession(
      Vertx vertx,
      Context context,
      SocketAddress router,
      long link,
      ByteString instance,
      RouterLink.Terms terms,
      Owner owner) {
    this.vertx = vertx;
    this.router = router;
    this.link = link;
    this.instance = instance;
    this.terms = terms;
    this.owner = owner;
    this.runs = new RouterRuns(vertx, context, link, terms, this);
  }

  long link() {
    return link;
  }

  int running() {
    return runs.size();
  }

  boolean over(HttpConnection connection) {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    return open != null && connection.equals(open.connection());
  }

  // ------------------------------------------------------------------ coming up

  void dial() {
    vertx
        .executeBlocking(terms.attestation()::fresh, false)
        .compose(
            fresh -> {
              if (state == State.ENDED) {
                return Future.failedFuture("closed while its evidence was made");
              }
              credentials = fresh;
              GrpcClient dialling =
                  GrpcClient.client(
                      vertx,
                      new GrpcClientOptions().setMaxMessageSize(Uplink.MAX_DOWN_BYTES),
                      fresh.options());
              client = dialling;
              return dialling.request(router, Uplink.client());
            })
        .compose(this::greet)
        .onFailure(fault -> broken(reason(fault), fault instanceof ConnectException));
  }

  private Future<Void> greet(GrpcClientRequest<FromWorker, FromRouter> request) {
    if (state == State.ENDED) {
      request.connection().close();
      return Future.failedFuture("closed while it dialled");
    }
    stream = request;
    vertx.setTimer(WELCOME_MILLIS, ignored -> welcomeDue());
    request.exceptionHandler(fault -> broken(reason(fault)));
    request.connection().closeHandler(ignored -> broken("the connection closed"));
    Future<GrpcClientResponse<FromWorker, FromRouter>> response = request.response();
    told = terms.models();
    request.write(
        FromWorker.newBuilder()
            .setHello(terms.hello().toBuilder().addAllModels(told).setInstance(instance))
            .setLoad(load())
            .build());
    return response
        .onSuccess(
            opened -> {
              opened.handler(this::heard);
              opened.endHandler(ignored -> broken("the router ended the stream"));
              opened.exceptionHandler(fault -> broken(reason(fault)));
            })
        .mapEmpty();
  }

  private void welcomeDue() {
    if (state == State.DIALLING) {
      broken("no welcome within %d s".formatted(WELCOME_MILLIS / 1000));
    }
  }

  private static String reason(Throwable fault) {
    String message = fault.getMessage();
    Throwable cause = fault.getCause();
    return (message == null ? fault.getClass().getSimpleName() : message)
        + (cause == null || cause.getMessage() == null ? "" : " (" + cause.getMessage() + ")");
  }

  private void welcomed(Welcome welcome) {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    Attestation.Credentials own = credentials;
    if (open == null || own == null) {
      return;
    }
    Instant renewAt = terms.attestation().opened(open.connection(), own);
    if (renewAt == null) {
      broken("the router's evidence is no longer accepted");
      return;
    }
    payer = Payer.of(welcome).orElse(null);
    state = State.ATTACHED;
    owner.attached(this, welcome, renewAt);
    report();
    tellKeys();
    tellModels(); // where others came while it dialled
  }

  // ------------------------------------------------------------------ what the router says

  private void heard(FromRouter message) {
    switch (state) {
      case ENDED -> {}
      case DIALLING -> {
        if (message.hasRefused()) {
          quit();
          owner.refused(this, message.getRefused());
        } else if (message.hasWelcome()) {
          welcomed(message.getWelcome());
        } else {
          broken("the router spoke before its welcome");
        }
      }
      case ATTACHED, LEAVING -> {
        String wrong = obey(message);
        if (wrong != null) {
          broken(wrong);
        }
      }
    }
  }

  /** Does what a message says; returns why this router is to be cut off, or null. */
  private @Nullable String obey(FromRouter message) {
    if (message.hasEarnings()) {
      book(message.getEarnings());
    }
    if (message.hasModelsTaken()) {
      refused(message.getModelsTaken());
    }
    return runs.obey(message, draining);
  }

  /** A statement that does not hold is the owner's business: the link goes on. */
  private void book(Earnings said) {
    EarningsBook book = terms.earnings();
    Payer paying = payer;
    if (book != null && paying != null) {
      vertx
          .executeBlocking(() -> book.heard(paying, said))
          .onFailure(fault -> log.error("event=earnings_not_booked", fault));
    }
  }

  // ------------------------------------------------------------------ what we say

  /** Sends what a step produced for this session. */
  void send(FromWorker.Builder message, List<Done> done, List<Failed> failed) {
    if (!done.isEmpty() || !failed.isEmpty()) {
      done.forEach(one -> runs.ended(one.getRun()));
      failed.forEach(one -> runs.ended(one.getRun()));
      message.setLoad(load());
    }
    write(message.build());
    leaveIfDone();
  }

  @Override
  public void write(FromWorker message) {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open != null && (state == State.ATTACHED || state == State.LEAVING)) {
      open.write(message); // bounded: no run sends more than its credit
    }
  }

  private LoadReport load() {
    Map<String, EngineLoad> loads = terms.engines().loads();
    EngineLoad all = EngineSet.sum(loads.values());
    LoadReport.Builder report =
        LoadReport.newBuilder()
            .setRunning(all.running())
            .setQueued(all.queued())
            .setQueuedPromptTokens(all.queuedPromptTokens())
            .setDecodeTokensPerSecond(all.decodeTokensPerSecond())
            .setPrefillTokensPerSecond(all.prefillTokensPerSecond())
            .setDispatchedSeen(runs.highest());
    if (loads.size() > 1) {
      loads.forEach(
          (model, load) ->
              report.addModels(
                  ModelLoad.newBuilder()
                      .setName(model)
                      .setRunning(load.running())
                      .setQueued(load.queued())));
    }
    return report.build();
  }

  private void report() {
    write(
        FromWorker.newBuilder()
            .setLoad(load())
            .setDraining(draining || state == State.LEAVING)
            .build());
  }

  /**
   * Says which models there are, if that is news.
   *
   * @return completes when all has come that the router sent before it heard this, or the session
   *     ended
   */
  Future<Void> tellModels() {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    List<Model> now = terms.models();
    if (open == null || state != State.ATTACHED || now.equals(told)) {
      return Future.succeededFuture();
    }
    told = now;
    // With the keys: a router takes them for models that it knows.
    write(
        FromWorker.newBuilder()
            .setModels(ModelList.newBuilder().addAllModels(now))
            .addAllGroupKeys(terms.groupKeys())
            .setLoad(load())
            .build());
    return open.connection().ping(PING).<Void>mapEmpty().otherwiseEmpty();
  }

  private void refused(ModelsTaken taken) {
    for (RefusedModel one : taken.getRefusedList()) {
      log.warn(
          "event=model_refused router={} model={} reason=\"{}\"",
          router,
          one.getName(),
          one.getReason());
    }
    if (taken.getRefusedCount() == 0) {
      log.info("event=models_taken router={}", router);
    }
  }

  /** Says which keys prompts can be sealed to. */
  void tellKeys() {
    List<GroupKeyStatement> keys = terms.groupKeys();
    if (!keys.isEmpty()) {
      write(FromWorker.newBuilder().addAllGroupKeys(keys).build());
    }
  }

  /** Shows that we are here, and looks whether the router is. */
  void beat() {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open == null || state == State.DIALLING || state == State.ENDED) {
      return;
    }
    if (unanswered >= MOST_UNANSWERED) {
      broken("no sign of life for %d s".formatted(unanswered * HEARTBEAT_MILLIS / 1000));
      return;
    }
    report();
    unanswered++;
    open.connection().ping(PING).onSuccess(ignored -> unanswered = 0);
  }

  // ------------------------------------------------------------------ the end

  /** Takes nothing new from now on: the worker stops. */
  void drain() {
    draining = true;
    report();
  }

  /**
   * Lets its runs finish and then ends; runs that are on their way already still start.
   *
   * @param mostMillis after how long it ends in any case; 0: with its last run only
   */
  void leave(long mostMillis) {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (state != State.ATTACHED || open == null) {
      return;
    }
    state = State.LEAVING;
    report();
    // The answer comes after all that the router sent before it heard of this.
    open.connection()
        .ping(PING)
        .onSuccess(
            ignored -> {
              leavingHeard = true;
              leaveIfDone();
            });
    if (mostMillis > 0) {
      leavingTimer = vertx.setTimer(mostMillis, ignored -> broken("its time to leave is over"));
    }
  }

  @Override
  public void leaveIfDone() {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (state == State.LEAVING && leavingHeard && runs.isEmpty() && open != null) {
      open.end();
      quit();
      owner.ended(this, "its last run ended", false);
    }
  }

  /** Ends it at once, and tells the owner. */
  void broken(String why) {
    broken(why, false);
  }

  private void broken(String why, boolean absent) {
    if (state == State.ENDED) {
      return;
    }
    quit();
    owner.ended(this, why, absent);
  }

  /** Ends it without telling the owner. */
  void close() {
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open != null && (state == State.ATTACHED || state == State.LEAVING)) {
      open.end();
    }
    state = State.ENDED;
    release();
  }

  private void quit() {
    state = State.ENDED;
    runs.cancelAll();
    release();
  }

  private void release() {
    vertx.cancelTimer(leavingTimer);
    GrpcClientRequest<FromWorker, FromRouter> open = stream;
    if (open != null) {
      terms.attestation().closed(open.connection());
    }
    stream = null;
    GrpcClient old = client;
    client = null;
    if (old != null) {
      old.close();
    }
  }
}
