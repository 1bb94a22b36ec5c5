package org.cocoon.router.path;

import java.util.HashSet;
import java.util.Set;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.admission.Admission.Ceiling;
import org.cocoon.router.dispatch.Decision;
import org.cocoon.router.fleet.RunListener;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.Usage;
import org.cocoon.router.relay.Relay;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way. Belongs to the event loop.
 *
 * <pre>
 * HOLDING   held ------------------------> WAITING
 * WAITING   assigned --------------------> RUNNING
 * RUNNING   worker failed, lost, or wrong> WAITING   goes on elsewhere, from the tokens so far
 * RUNNING   done ------------------------> CHARGING
 * RUNNING   cancelled, deadline, refused-> STOPPING  the worker is told; late tokens are dropped
 * STOPPING  done, lost, or not in time --> CHARGING  of what was delivered, if anything was
 * CHARGING  charge durable --------------> ENDED     only now the final chunk is sent
 * any       refused before any token ----> ENDED     the hold is released, nothing is charged
 * any       a fault of ours -------------> ENDED     the same, and the worker is told to stop
 * </pre>
 *
 * <p>A worker is believed nothing that the client would pay for: more tokens than its credit or the
 * request's limit, torn text, or an end that nobody asked for are faults of the worker, and the
 * answer goes on elsewhere.
 */
public final class Exchange implements RunListener {
  private static final Logger log = LoggerFactory.getLogger(Exchange.class);

  private static final Ceiling NO_CEILING = new Ceiling(0, 0, 0);

  private enum State {
    HOLDING,
    WAITING,
    RUNNING,
    STOPPING,
    CHARGING,
    ENDED
  }

  private final RequestPath path;
  private final InferenceRequest request;
  private final Answer answer;
  private final Relay relay;
  private final long arrivedNanos;
  private final Set<Worker> excluded = new HashSet<>();
  private final Standstill standstill = new Standstill();

  private State state = State.HOLDING;
  private boolean inWaitingRoom;
  private boolean answerOver;
  private @Nullable Hold hold;
  private @Nullable Worker worker;
  private long run;
  private int attempts;
  private boolean sealedKeyUnknown;
  private Ceiling ceiling = NO_CEILING;
  private int coefficient;
  private final Price price;
  private long promptTokens;
  private long cachedPromptTokens;
  private long stateSinceNanos;
  private @Nullable Refusal afterCharge;

  Exchange(RequestPath path, InferenceRequest request, Answer answer, long arrivedNanos) {
    this.path = path;
    this.request = request;
    this.answer = answer;
    this.relay = Relay.of(request.run(), answer, path.chunkMemory());
    this.price = path.admission().price(request.model()); // as it was when the request came
    this.arrivedNanos = arrivedNanos;
    this.stateSinceNanos = arrivedNanos;
  }

  // ------------------------------------------------------------------ the way in

  void held(Hold made, Ceiling covered) {
    if (state != State.HOLDING) {
      path.ledger().release(made); // the client left while the hold was being made
      return;
    }
    hold = made;
    ceiling = covered;
    enter(State.WAITING);
    if (!answerOver) {
      answer.held(made.amount());
    }
    dispatch(path.waitingRoom().hasPlace());
  }

  /** Tries to leave the waiting room; returns whether it did. */
  boolean dispatchFromWaiting() {
    inWaitingRoom = false; // offer() takes it out when this returns true
    boolean left = state != State.WAITING || place(path.decide(this, true));
    inWaitingRoom = !left;
    return left;
  }

  private void dispatch(boolean mayWait) {
    if (!place(path.decide(this, mayWait))) {
      inWaitingRoom = true;
      if (attempts == 0) {
        path.waitingRoom().enter(request.model(), request.priority(), this);
      } else {
        path.waitingRoom().reenter(request.model(), request.priority(), this);
      }
    }
  }

  private boolean place(Decision decision) {
    return switch (decision) {
      case Decision.Assigned assigned -> {
        start((Worker) assigned.worker());
        yield true;
      }
      case Decision.Queued queued -> false;
      case Decision.Refused why -> {
        if (attempts > 0 && !sealedKeyFault()) {
          yield false; // the worker that failed is being restarted, most likely: tick() bounds this
        }
        refuse(refusal(why));
        yield true;
      }
    };
  }

  private void start(Worker chosen) {
    worker = chosen;
    attempts++;
    coefficient = // going on elsewhere never makes an answer dearer
        relay.begun() ? Math.min(coefficient, chosen.coefficient()) : chosen.coefficient();
    enter(State.RUNNING);
    relay.comesFrom(chosen.tellsNoIds(request.model()));
    Run.Builder template =
        request.run().toBuilder()
            .setRequestId(request.id().toString())
            .setMaxTokens(ceiling.outputTokens())
            .setCredit(Relay.WINDOW)
            .setPriority(request.priority())
            .setCacheScope(path.cacheScope(request.account()));
    if (relay.begun()) {
      template.setContinuation(relay.continuation());
    }
    run = chosen.run(template, request.promptTokensExpected(), this);
    log.info(
        "event=dispatched request={} worker={} attempt={} after_tokens={}",
        request.id(),
        chosen.identity().id(),
        attempts,
        relay.delivered());
  }

  // ------------------------------------------------------------------ from the worker

  @Override
  public void tokens(Tokens tokens) {
    if (state != State.RUNNING) {
      return;
    }
    if (!relay.allows(tokens, ceiling.outputTokens())) {
      dismiss();
      return;
    }
    int before = relay.delivered();
    int credit = relay.deliver(tokens);
    int fresh = relay.delivered() - before;
    if (before == 0 && fresh > 0) {
      path.metrics().firstToken(path.nanoClock().getAsLong() - arrivedNanos);
    }
    path.metrics().tokens(fresh);
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
    if (state == State.RUNNING && !Worker.whole(done)) {
      elsewhere(FailureCode.FAILURE_UNSPECIFIED); // half an answer must not look like a whole one
      return;
    }
    promptTokens = Math.min(Integer.toUnsignedLong(done.getPromptTokens()), ceiling.promptTokens());
    cachedPromptTokens =
        Math.min(Integer.toUnsignedLong(done.getCachedPromptTokens()), promptTokens);
    charge(done.getFinish());
  }

  @Override
  public void failed(Failed failed) {
    if (state == State.STOPPING) {
      charge(FinishReason.FINISH_CANCELLED);
      return;
    }
    Refusal callersFault = Refusals.callersFault(failed);
    if (callersFault != null && !relay.begun()) {
      refuse(callersFault);
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
      charge(FinishReason.FINISH_CANCELLED);
    } else {
      elsewhere(FailureCode.FAILURE_ENGINE);
    }
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
        "event=worker_failed request={} worker={} code={} after_tokens={} attempt={}",
        request.id(),
        failedWorker.identity().id(),
        why,
        relay.delivered(),
        attempts);
    enter(State.WAITING);
    if (attempts >= path.limits().attempts() || !relay.continuable()) {
      refuse(sealedKeyFault() ? Refusals.sealedKeyUnknown() : Refusals.workersFailed(attempts));
      return;
    }
    dispatch(true);
  }

  // ------------------------------------------------------------------ the way out

  private void charge(FinishReason finish) {
    if (state == State.CHARGING || state == State.ENDED) {
      return;
    }
    enter(State.CHARGING);
    Hold held = hold;
    if (held == null) {
      throw new IllegalStateException("nothing runs without a hold");
    }
    boolean nothingGiven = relay.delivered() == 0 && (afterCharge != null || answerOver);
    if (nothingGiven) {
      end(afterCharge == null ? "cancelled" : afterCharge.word());
      return;
    }
    String workerId = worker == null ? "" : worker.identity().id();
    String payout = worker == null ? "" : worker.identity().payout();
    UsedTokens used = new UsedTokens(promptTokens, cachedPromptTokens, relay.delivered(), 0);
    NanoTon cost = NanoTon.min(held.amount(), price.cost(used, coefficient));
    Usage usage = new Usage(request.model(), used, price, coefficient, cost, workerId, payout);
    path.ledger()
        .charge(held, usage)
        .onSuccess(receipt -> charged(finish, usage, held.amount(), receipt))
        .onFailure(this::broken);
  }

  private void charged(FinishReason finish, Usage usage, NanoTon held, Receipt receipt) {
    hold = null;
    if (state != State.CHARGING) {
      return;
    }
    String how = answerOver ? "cancelled" : afterCharge == null ? "finished" : afterCharge.word();
    path.metrics().charged(usage);
    boolean finished = !answerOver && afterCharge == null;
    end(how);
    if (finished) {
      answerOver = true;
      answer.finished(
          new Completion(finish, usage.tokens(), held, usage.cost(), receipt, usage.worker()));
    }
  }

  /** Gives everything back first, so that an edge that throws can keep nothing. */
  private void end(String how) {
    enter(State.ENDED);
    Hold left = hold;
    hold = null;
    worker = null;
    relay.close();
    path.ended(this, left, how);
    if (afterCharge != null && !answerOver) {
      answerOver = true;
      answer.refused(afterCharge);
    }
  }

  /** Ends with an error; what was delivered until now is charged first. */
  void refuse(Refusal refusal) {
    if (answerOver || state == State.CHARGING || state == State.ENDED) {
      return;
    }
    afterCharge = refusal;
    if (relay.delivered() > 0) {
      charge(FinishReason.FINISH_UNSPECIFIED);
    } else {
      end(refusal.word());
    }
  }

  @Override
  public void broken(Throwable fault) {
    log.error("event=internal_error request={}", request.id(), fault);
    if (state == State.ENDED) {
      return;
    }
    leaveWaitingRoom();
    if (worker != null) {
      worker.abandon(run);
    }
    afterCharge = Refusals.internal();
    end("internal");
  }

  /**
   * The client does not want the rest. Only what was delivered is charged; the worker's slot is
   * free at its next step.
   */
  public void cancel() {
    if (answerOver || state == State.ENDED) {
      return;
    }
    answerOver = true;
    stop("cancelled");
  }

  private void stop(String how) {
    switch (state) {
      case HOLDING -> end(how);
      case WAITING -> {
        leaveWaitingRoom();
        if (relay.delivered() > 0) {
          charge(FinishReason.FINISH_CANCELLED);
        } else {
          end(how);
        }
      }
      case RUNNING -> {
        enter(State.STOPPING);
        if (worker != null) {
          worker.cancel(run);
        }
      }
      case STOPPING, CHARGING, ENDED -> {}
    }
  }

  /** The client takes more again. */
  public void resume() {
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
      case HOLDING, WAITING -> {
        if (now - arrivedNanos > request.timeoutMillis() * 1_000_000) {
          leaveWaitingRoom();
          refuse(Refusals.deadline(request));
        } else if (attempts > 0
            && now - stateSinceNanos > path.limits().restartWaitNanos()
            && path.decide(this, true) instanceof Decision.Refused) {
          leaveWaitingRoom();
          refuse(refusal(Decision.Refused.NO_WORKER));
        }
      }
      case RUNNING -> tickRunning(now);
      case STOPPING -> {
        if (now - stateSinceNanos > path.limits().stopTimeoutNanos()) {
          if (worker != null) {
            worker.abandon(run);
          }
          charge(FinishReason.FINISH_CANCELLED);
        }
      }
      case CHARGING, ENDED -> {}
    }
    if (!answerOver) {
      answer.tick(now);
    }
  }

  private void tickRunning(long now) {
    Standstill.Sight sight = standstill.look(now, relay, path.limits());
    if (now - arrivedNanos > request.timeoutMillis() * 1_000_000) {
      stopWith(Refusals.deadline(request));
      return;
    }
    switch (sight) {
      case NONE -> {}
      case NO_FIRST_TOKEN -> {
        if (worker != null) {
          worker.overdue();
        }
        stopWith(Refusals.noFirstToken());
      }
      case CLIENT -> stopWith(Refusals.clientStalled());
      case WORKER -> dismiss();
    }
  }

  private void stopWith(Refusal refusal) {
    afterCharge = refusal;
    stop(refusal.word());
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

  InferenceRequest request() {
    return request;
  }

  Set<Worker> excluded() {
    return excluded;
  }

  /** Whether a worker could give this answer's next token. */
  boolean canGoOnAt(Worker candidate) {
    return relay.canGoOn(
        candidate.tellsNoIds(request.model()), candidate.continuesText(request.model()));
  }

  /** What its hold covers. */
  Ceiling ceiling() {
    return ceiling;
  }

  int delivered() {
    return relay.delivered();
  }

  int attempts() {
    return attempts;
  }

  long arrivedNanos() {
    return arrivedNanos;
  }
}
