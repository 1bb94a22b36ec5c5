package org.cocoon.worker.uplink;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Grant;
import org.cocoon.link.wire.Run;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.seal.SealedRuns;
import org.jspecify.annotations.Nullable;

/** What a router has running here, over one session. State belongs to the session's context. */
final class RouterRuns implements Unsealing.Outcome {
  /** After how long a cancel is tried again that the engine had no room to look at. */
  private static final long CANCEL_AGAIN_MILLIS = 50;

  /** The session that these runs came over. */
  interface Session {
    /** Tells the router something, if it still hears. */
    void write(FromWorker message);

    /** A run ended: a session that leaves may go with its last one. */
    void leaveIfDone();
  }

  /** A run, and the engine that has it; none while its prompt is being opened. */
  private record Running(RunKey key, @Nullable Engine engine) {}

  private final Vertx vertx;
  private final Context context;
  private final long link;
  private final RouterLink.Terms terms;
  private final Session session;
  private final Unsealing unsealing;
  private final Map<Long, Running> runs = new HashMap<>();
  private long highest;

  /**
   * Has none yet.
   *
   * @param link the session's part of a run key
   */
  RouterRuns(Vertx vertx, Context context, long link, RouterLink.Terms terms, Session session) {
    this.vertx = vertx;
    this.context = context;
    this.link = link;
    this.terms = terms;
    this.session = session;
    this.unsealing = new Unsealing(vertx, terms.sealed(), this);
  }

  int size() {
    return runs.size();
  }

  boolean isEmpty() {
    return runs.isEmpty();
  }

  /** The highest number of a run that came. */
  long highest() {
    return highest;
  }

  /**
   * Does what a message says of runs.
   *
   * @param draining whether nothing new is taken
   * @return why this router is to be cut off, or null
   */
  @Nullable String obey(FromRouter message, boolean draining) {
    for (Run run : message.getRunList()) {
      if (!begin(run, draining)) {
        return "the router gave one number to two runs";
      }
    }
    try {
      for (Grant grant : message.getGrantList()) {
        Running running = runs.get(grant.getRun());
        if (running != null && running.engine != null) {
          running.engine.grant(running.key, grant.getTokens());
        }
      }
      for (Cancel cancel : message.getCancelList()) {
        Running running = runs.get(cancel.getRun());
        if (running != null && !unsealing.cancel(cancel.getRun()) && running.engine != null) {
          running.engine.cancel(running.key);
        }
      }
    } catch (RejectedExecutionException e) {
      return "the router sends more than the engine can look at";
    }
    return null;
  }

  /** Starts a run, or says why not; returns false where its number is taken. */
  private boolean begin(Run run, boolean draining) {
    highest = Math.max(highest, run.getRun());
    if (draining) {
      fail(run, FailureCode.FAILURE_DRAINING, "this worker is stopping");
      return true;
    }
    boolean isSealed = run.hasSealed();
    RunKey key = isSealed ? SealedRuns.key(link, run.getRun()) : new RunKey(link, run.getRun());
    if (runs.putIfAbsent(run.getRun(), new Running(key, null)) != null) {
      return false;
    }
    if (isSealed) {
      unsealing.begin(key, run);
    } else {
      opened(key, run);
    }
    return true;
  }

  @Override
  public void opened(RunKey key, Run run) {
    Engine engine = terms.engines().find(run.getModel());
    if (engine == null) {
      terms.sealed().forget(key);
      refused(run, FailureCode.FAILURE_DRAINING, "this worker has given up the model");
      return;
    }
    runs.put(run.getRun(), new Running(key, engine));
    try {
      if (run.hasEmbed()) {
        engine.embed(WireRequests.embedding(key, run));
      } else {
        engine.generate(WireRequests.request(key, run, terms.system()));
      }
    } catch (RejectedExecutionException e) {
      terms.sealed().forget(key);
      refused(run, FailureCode.FAILURE_BUSY, "this worker has too much to look at");
    }
  }

  @Override
  public void refused(Run run, FailureCode code, String message) {
    runs.remove(run.getRun());
    fail(run, code, message);
    session.leaveIfDone();
  }

  @Override
  public void cancelled(Run run) {
    runs.remove(run.getRun());
    Done done =
        Done.newBuilder().setRun(run.getRun()).setFinish(FinishReason.FINISH_CANCELLED).build();
    session.write(FromWorker.newBuilder().addDone(done).build());
    session.leaveIfDone();
  }

  private void fail(Run run, FailureCode code, String message) {
    session.write(
        FromWorker.newBuilder()
            .addFailed(Failed.newBuilder().setRun(run.getRun()).setCode(code).setMessage(message))
            .build());
  }

  /** A run has ended. */
  void ended(long run) {
    runs.remove(run);
  }

  /** Ends all of them; nobody hears what becomes of them. */
  void cancelAll() {
    unsealing.cancelAll();
    runs.values().forEach(running -> cancel(running.key, running.engine));
    runs.clear();
  }

  /** Cancels a run as soon as its engine has room to look at it. */
  private void cancel(RunKey key, @Nullable Engine engine) {
    if (engine == null) {
      return; // it has not begun
    }
    try {
      engine.cancel(key);
    } catch (RejectedExecutionException e) {
      context.runOnContext(
          ignored -> vertx.setTimer(CANCEL_AGAIN_MILLIS, again -> cancel(key, engine)));
    }
  }
}
