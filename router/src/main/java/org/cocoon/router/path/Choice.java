package org.cocoon.router.path;

import java.util.HashSet;
import java.util.Set;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.dispatch.Decision;
import org.cocoon.router.fleet.RunListener;
import org.cocoon.router.fleet.ServedModel;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.relay.Relay;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the answers to a request on its way: a run at one worker after the other. Belongs to the
 * event loop.
 *
 * <pre>
 * WAITING   assigned --------------------> RUNNING
 * RUNNING   worker failed, lost, or wrong> WAITING   goes on elsewhere, from the tokens so far
 * RUNNING   done ------------------------> OVER
 * RUNNING   stopped ---------------------> STOPPING  the worker is told; late tokens are dropped
 * STOPPING  done, lost, or not in time --> OVER
 * WAITING   stopped ---------------------> OVER
 * </pre>
 *
 * <p>A worker is believed nothing that the client would pay for: more tokens than its credit or the
 * request's limit, torn text, or an end that nobody asked for are faults of the worker, and the
 * answer goes on elsewhere.
 */
final class Choice implements RunListener {
  private static final Logger log = LoggerFactory.getLogger(Choice.class);

  private enum State {
    WAITING,
    RUNNING,
    STOPPING,
    OVER
  }

  private final Exchange exchange;
  private final RequestPath path;
  private final InferenceRequest request;
  private final int index;
  private final Relay relay;
  private final Set<Worker> excluded = new HashSet<>();
  private final Standstill standstill = new Standstill();

  private State state = State.WAITING;
  private boolean inWaitingRoom;
  private @Nullable Worker worker;
  private long run;
  private int attempts;

  /** Workers that failed since the answer last grew, and how far it was then. */
  private int failuresInARow;

  private int progressAtFailure;
  private boolean sealedKeyUnknown;
  private long stateSinceNanos;
  private FinishReason finish = FinishReason.FINISH_CANCELLED;

  /**
   * Makes one that waits for a worker.
   *
   * @param index of the answer, from 0; its draws are from the request's seed plus this
   */
  Choice(Exchange exchange, RequestPath path, int index, Answer answer) {
    this.exchange = exchange;
    this.path = path;
    this.request = exchange.request();
    this.index = index;
    this.relay = Relay.of(request.run(), answer, index, path.chunkMemory());
    enter(State.WAITING);
  }

  // ------------------------------------------------------------------ the way in

  /** Looks for a worker, now or in the waiting room. */
  void dispatch(boolean mayWait) {
    if (!place(path.decide(this, mayWait))) {
      inWaitingRoom = true;
      if (attempts == 0) {
        path.waitingRoom().enter(request.model(), request.priority(), this);
      } else {
        path.waitingRoom().reenter(request.model(), request.priority(), this);
      }
    }
  }

  /** Tries to leave the waiting room; returns whether it did. */
  boolean dispatchFromWaiting() {
    inWaitingRoom = false; // offer() takes it out when this returns true
    boolean left = state != State.WAITING || place(path.decide(this, true));
    inWaitingRoom = !left;
    return left;
  }

  private boolean place(Decision decision) {
    return switch (decision) {
      case Decision.Assigned assigned -> {
        exchange.assigned(this, (ServedModel) assigned.worker());
        yield true;
      }
      case Decision.Queued queued -> false;
      case Decision.Refused why -> {
        if (attempts > 0 && !sealedKeyFault()) {
          yield false; // the worker that failed is being restarted, most likely: tick() bounds this
        }
        exchange.refuse(refusal(why));
        yield true;
      }
    };
  }

  /** Starts, or goes on, at a worker. */
  void start(ServedModel chosen) {
    Worker at = chosen.worker();
    worker = at;
    attempts++;
    enter(State.RUNNING);
    relay.comesFrom(chosen.tellsNoIds());
    Run.Builder template =
        request.run().toBuilder()
            .setRequestId(request.id().toString())
            .setMaxTokens(exchange.ceiling().outputTokens())
            .setCredit(Relay.WINDOW)
            .setPriority(request.priority())
            .setCacheScope(path.cacheScope(request.account()));
    if (index > 0) {
      template.getSamplingBuilder().setSeed(request.run().getSampling().getSeed() + index);
    }
    if (relay.begun()) {
      template.setContinuation(relay.continuation());
    }
    run = at.run(template, request.promptTokensExpected(), this);
    log.info(
        "event=dispatched request={} choice={} worker={} attempt={} after_tokens={}",
        request.id(),
        index,
        at.identity().id(),
        attempts,
        relay.delivered());
  }

  // ------------------------------------------------------------------ from the worker

  @Override
  public void tokens(Tokens tokens) {
    if (state != State.RUNNING) {
      return;
    }
    if (!relay.allows(tokens, exchange.ceiling().outputTokens())) {
      dismiss();
      return;
    }
    int before = relay.delivered();
    int credit = relay.deliver(tokens);
    exchange.relayed(relay.delivered() - before);
    grant(credit);
  }

  private void grant(int tokens) {
    if (tokens > 0 && worker != null) {
      worker.grant(run, tokens);
    }
  }

  /** The worker broke the protocol or stands still: it is stopped, and its breaker counts it. */
  private void dismiss() {
    if (worker != null) {
      worker.dismiss(run);
    }
    elsewhere(FailureCode.FAILURE_UNSPECIFIED);
  }

  @Override
  public void done(Done done) {
    if (state == State.RUNNING && !(Worker.whole(done) && relay.complete())) {
      elsewhere(FailureCode.FAILURE_UNSPECIFIED); // half an answer must not look like a whole one
      return;
    }
    exchange.counted(this, done);
    over(done.getFinish());
  }

  @Override
  public void failed(Failed failed) {
    if (state == State.STOPPING) {
      over(FinishReason.FINISH_CANCELLED);
      return;
    }
    Refusal callersFault = Refusals.callersFault(failed);
    if (callersFault != null && !exchange.begun()) {
      enter(State.OVER); // its run is
      exchange.refuse(callersFault);
      return;
    }
    sealedKeyUnknown |= request.sealed() && failed.getCode() == FailureCode.FAILURE_SEALED_KEY;
    elsewhere(failed.getCode()); // what one worker could begin is no fault of the caller's
  }

  /** Whether the caller can help it, by sealing to a newer key: nothing was answered yet. */
  private boolean sealedKeyFault() {
    return sealedKeyUnknown && !relay.begun();
  }

  @Override
  public void lost() {
    if (state == State.STOPPING) {
      over(FinishReason.FINISH_CANCELLED);
    } else {
      elsewhere(FailureCode.FAILURE_ENGINE);
    }
  }

  @Override
  public void broken(Throwable fault) {
    exchange.broken(fault);
  }

  /** Goes on at another worker, from the tokens so far. */
  private void elsewhere(FailureCode why) {
    Worker failedWorker = worker;
    if (failedWorker == null || state != State.RUNNING) {
      return;
    }
    excluded.add(failedWorker);
    worker = null;
    path.metrics().retried();
    log.warn(
        "event=worker_failed request={} choice={} worker={} code={} after_tokens={} attempt={}",
        request.id(),
        index,
        failedWorker.identity().id(),
        why,
        relay.delivered(),
        attempts);
    enter(State.WAITING);
    failuresInARow = relay.progress() > progressAtFailure ? 1 : failuresInARow + 1;
    progressAtFailure = Math.max(progressAtFailure, relay.progress());
    if (failuresInARow >= path.limits().failuresInARow()
        || attempts >= path.limits().attempts()
        || !relay.continuable()) {
      exchange.refuse(
          sealedKeyFault() ? Refusals.sealedKeyUnknown() : Refusals.workersFailed(attempts));
      return;
    }
    dispatch(true);
  }

  // ------------------------------------------------------------------ the way out

  private void over(FinishReason why) {
    if (state != State.OVER) {
      enter(State.OVER);
      finish = why;
      exchange.over(this);
    }
  }

  /**
   * Has it stop. It is over now, or says so through {@link Exchange#over} when its worker
   * confirmed.
   */
  void stop() {
    switch (state) {
      case WAITING -> {
        leaveWaitingRoom();
        enter(State.OVER);
      }
      case RUNNING -> {
        enter(State.STOPPING);
        if (worker != null) {
          worker.cancel(run);
        }
      }
      case STOPPING, OVER -> {}
    }
  }

  /** Ends it at once, whatever its worker says. */
  void abandon() {
    leaveWaitingRoom();
    if (worker != null && (state == State.RUNNING || state == State.STOPPING)) {
      worker.abandon(run);
    }
    enter(State.OVER);
  }

  /** Gives back what was remembered of it. */
  void close() {
    relay.close();
  }

  /** The client takes more again. */
  void resume() {
    if (state == State.RUNNING) {
      grant(relay.grantDue());
    }
  }

  private void leaveWaitingRoom() {
    if (inWaitingRoom) {
      path.waitingRoom().leave(request.model(), request.priority(), this);
      inWaitingRoom = false;
    }
  }

  // ------------------------------------------------------------------ time

  void tick(long now) {
    switch (state) {
      case WAITING -> {
        if (attempts > 0
            && now - stateSinceNanos > path.limits().restartWaitNanos()
            && path.decide(this, true) instanceof Decision.Refused) {
          exchange.refuse(refusal(Decision.Refused.NO_WORKER));
        }
      }
      case RUNNING -> tickRunning(now);
      case STOPPING -> {
        if (now - stateSinceNanos > path.limits().stopTimeoutNanos()) {
          if (worker != null) {
            worker.abandon(run);
          }
          over(FinishReason.FINISH_CANCELLED);
        }
      }
      case OVER -> {}
    }
  }

  private void tickRunning(long now) {
    switch (standstill.look(now, relay.heldBack(), exchange.progress(), path.limits())) {
      case NONE -> {}
      case NO_FIRST_TOKEN -> {
        if (worker != null) {
          worker.overdue(run);
        }
        exchange.refuse(Refusals.noFirstToken());
      }
      case CLIENT -> exchange.refuse(Refusals.clientStalled());
      case WORKER -> dismiss();
    }
  }

  private void enter(State next) {
    state = next;
    stateSinceNanos = path.nanoClock().getAsLong();
    standstill.start(stateSinceNanos);
  }

  private Refusal refusal(Decision.Refused why) {
    return sealedKeyFault() && why == Decision.Refused.NO_WORKER
        ? Refusals.sealedKeyUnknown()
        : Refusals.unplaced(why, request, attempts, path);
  }

  // ------------------------------------------------------------------ what others may know

  Exchange exchange() {
    return exchange;
  }

  int index() {
    return index;
  }

  /** Whether a worker that has not failed it yet could give this answer's next token. */
  boolean canGoOnAt(ServedModel candidate) {
    return !excluded.contains(candidate.worker())
        && relay.canGoOn(candidate.tellsNoIds(), candidate.continuesText());
  }

  boolean isOver() {
    return state == State.OVER;
  }

  /** Whether the client was given anything of it. */
  boolean begun() {
    return relay.begun();
  }

  /** Why it ended; once it is over. */
  FinishReason finish() {
    return finish;
  }

  int delivered() {
    return relay.delivered();
  }

  /** How far it came, in any unit that grows. */
  int progress() {
    return relay.progress();
  }

  /** Workers that it was given to. */
  int attempts() {
    return attempts;
  }

  /** Where it ran last, or null. */
  @Nullable Worker worker() {
    return worker;
  }
}
