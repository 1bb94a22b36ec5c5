package org.cocoon.router.fleet;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Earnings;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Grant;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.router.dispatch.Candidate;
import org.cocoon.router.dispatch.Decision;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attached worker: its runs in flight, and what was observed of it.
 *
 * <pre>
 * ATTACHED  --it drains, is retired-->     DRAINING   takes nothing new
 * ATTACHED, DRAINING  --link ended, silent--> GONE    every run in flight is told lost, once
 * </pre>
 *
 * <p>Nothing that a worker says is believed beyond its own runs: numbers are clamped, and a fault
 * in handling one run ends that run and no other. What goes down the link within one loop turn goes
 * as one message. Belongs to the event loop.
 */
public final class Worker implements Candidate {
  private static final Logger log = LoggerFactory.getLogger(Worker.class);

  /** The most runs of others that a report can claim: more than any worker has slots. */
  private static final int MOST_OTHERS = 1 << 20;

  /** Of a sealed chunk: what it says that it holds is believed up to a whole window of credit. */
  private static final int MOST_SEALED_COUNT = 512;

  /**
   * Runs that go down as one message: with the largest run on top of it, which is a sealed prompt
   * with as much of its answer as is kept, it stays below what a link takes.
   */
  private static final int MOST_OUTGOING_BYTES = Uplink.MAX_DOWN_BYTES / 4;

  /** Where a worker is in its life. */
  public enum State {
    /** Takes requests. */
    ATTACHED,
    /** Finishes what it has. */
    DRAINING,
    /** The link is down. */
    GONE
  }

  private static final class Flight {
    final RunListener listener;
    final int promptTokens;
    final long dispatchedNanos;
    long firstTokenNanos;
    long lastTokenNanos;
    long tokens;
    boolean cancelled;

    Flight(RunListener listener, int promptTokens, long dispatchedNanos) {
      this.listener = listener;
      this.promptTokens = promptTokens;
      this.dispatchedNanos = dispatchedNanos;
    }
  }

  private final WorkerIdentity identity;
  private final List<Model> models;
  private final int coefficient;
  private final int slots;
  private final int contextTokens;
  private final LongSupplier nanoClock;
  private final GroupKeyBoard.OfWorker groupKeys;
  private final Consumer<FromRouter> down;
  private final Consumer<Runnable> afterTurn;
  private final Runnable freed;
  private final Decision.Assigned assigned = new Decision.Assigned(this);
  private final Map<Long, Flight> flights = new HashMap<>();
  private final Observations observed = new Observations();
  private final Breaker breaker = new Breaker();

  private State state = State.ATTACHED;
  private long nextRun = 1;
  private long pendingPromptTokens;
  private int othersOccupy;
  private long lastHeardNanos;
  private LoadReport load = LoadReport.getDefaultInstance();
  private FromRouter.@Nullable Builder outgoing;
  private long outgoingBytes;
  private boolean saidWrongKey;
  private String tcbStatus = "not checked";

  /**
   * Makes a worker from its hello.
   *
   * @param groupKeys where the keys go that its prompts can be sealed to
   * @param down sends one message down the link
   * @param afterTurn runs something at the end of this turn of the event loop
   * @param freed is called when it may take a request that it could not before
   */
  Worker(
      WorkerIdentity identity,
      List<Model> models,
      int coefficient,
      GroupKeyBoard groupKeys,
      LongSupplier nanoClock,
      Consumer<FromRouter> down,
      Consumer<Runnable> afterTurn,
      Runnable freed) {
    this.identity = identity;
    this.models = List.copyOf(models);
    this.coefficient = coefficient;
    this.slots = models.stream().mapToInt(Model::getSlots).max().orElse(1);
    this.contextTokens = models.stream().mapToInt(Model::getContextTokens).min().orElse(1);
    this.groupKeys = groupKeys.new OfWorker();
    this.nanoClock = nanoClock;
    this.down = down;
    this.afterTurn = afterTurn;
    this.freed = freed;
    this.lastHeardNanos = nanoClock.getAsLong();
  }

  // ------------------------------------------------------------------ down the link

  /**
   * Starts a run.
   *
   * @param template what to run, without its number
   * @param expectedPromptTokens for the observation of rates
   * @return its number
   */
  public long run(Run.Builder template, int expectedPromptTokens, RunListener listener) {
    long run = nextRun++;
    flights.put(run, new Flight(listener, expectedPromptTokens, nanoClock.getAsLong()));
    pendingPromptTokens += expectedPromptTokens;
    breaker.dispatched();
    Run whole = template.setRun(run).build();
    if (outgoingBytes + whole.getSerializedSize() > MOST_OUTGOING_BYTES) {
      flush(); // what gathered for this turn's end goes now
    }
    outgoing().addRun(whole);
    outgoingBytes += whole.getSerializedSize();
    return run;
  }

  /** Asks for a run to stop; its done or its failure still comes, unless the link ends first. */
  public void cancel(long run) {
    Flight flight = flights.get(run);
    if (flight != null) {
      flight.cancelled = true;
      outgoing().addCancel(Cancel.newBuilder().setRun(run));
    }
  }

  /** Forgets a run whose end nobody waits for, and stops it. */
  public void abandon(long run) {
    if (drop(run)) {
      breaker.neutral();
      freed.run();
    }
  }

  /** Like {@link #abandon}, for a run that the worker did wrong: its breaker counts a failure. */
  public void dismiss(long run) {
    if (drop(run)) {
      breaker.failed(nanoClock.getAsLong());
      freed.run();
    }
  }

  /** Counts a failure against its breaker: a first token did not come in time. */
  public void overdue() {
    breaker.failed(nanoClock.getAsLong());
  }

  private boolean drop(long run) {
    Flight flight = flights.remove(run);
    if (flight == null) {
      return false;
    }
    landed(flight);
    outgoing().addCancel(Cancel.newBuilder().setRun(run));
    return true;
  }

  /** Lets a run send so many tokens more. */
  public void grant(long run, int tokens) {
    outgoing().addGrant(Grant.newBuilder().setRun(run).setTokens(tokens));
  }

  /** Tells the worker that this router goes; what waits here already is still given to it. */
  void drain() {
    if (state != State.GONE) {
      outgoing().setDrain(true);
    }
  }

  /**
   * Lets it finish what it has and gives it nothing new: another link, or none, takes its place.
   */
  void retire() {
    if (state == State.ATTACHED) {
      state = State.DRAINING;
    }
  }

  private FromRouter.Builder outgoing() {
    FromRouter.Builder builder = outgoing;
    if (builder == null) {
      builder = FromRouter.newBuilder();
      outgoing = builder;
      afterTurn.accept(this::flush);
    }
    return builder;
  }

  private void flush() {
    FromRouter.Builder builder = outgoing;
    outgoing = null;
    outgoingBytes = 0;
    if (builder != null && state != State.GONE) {
      down.accept(builder.build());
    }
  }

  // ------------------------------------------------------------------ up the link

  /** Takes one message of the worker. */
  void heard(FromWorker message) {
    long now = nanoClock.getAsLong();
    lastHeardNanos = now;
    for (int i = 0; i < message.getTokensCount(); i++) {
      tokens(message.getTokens(i), now);
    }
    for (int i = 0; i < message.getDoneCount(); i++) {
      done(message.getDone(i), now);
    }
    for (int i = 0; i < message.getFailedCount(); i++) {
      failed(message.getFailed(i), now);
    }
    if (message.hasLoad()) {
      reported(message.getLoad());
    }
    for (int i = 0; i < message.getGroupKeysCount(); i++) {
      groupKey(message.getGroupKeys(i));
    }
    if (message.getDraining()) {
      retire();
    }
  }

  private void groupKey(GroupKeyStatement statement) {
    if (state != State.GONE && !groupKeys.take(statement, this::opensSealed) && !saidWrongKey) {
      saidWrongKey = true; // once is enough of a log line that a worker can cause
      log.warn("event=group_key_ignored worker={}", identity.id());
    }
  }

  private boolean opensSealed(String name) {
    return models.stream()
        .anyMatch(model -> model.getName().equals(name) && Fleet.opensSealed(model));
  }

  private static int count(Tokens tokens) {
    long sealed = Integer.toUnsignedLong(tokens.getSealedCount());
    return tokens.getIdsCount() + (int) Math.min(sealed, MOST_SEALED_COUNT);
  }

  private void tokens(Tokens tokens, long now) {
    Flight flight = flights.get(tokens.getRun());
    if (flight == null) {
      return; // cancelled or abandoned while these were on their way
    }
    int count = count(tokens);
    if (flight.tokens == 0 && count > 0) {
      flight.firstTokenNanos = now;
      pendingPromptTokens -= flight.promptTokens;
      observed.firstToken(flight.promptTokens, now - flight.dispatchedNanos);
    }
    flight.lastTokenNanos = now;
    flight.tokens += count;
    observed.tokens(count);
    try {
      flight.listener.tokens(tokens);
    } catch (RuntimeException fault) {
      broken(flight, fault);
    }
  }

  private void done(Done done, long now) {
    Flight flight = flights.remove(done.getRun());
    if (flight == null) {
      return;
    }
    landed(flight);
    if (whole(done)) {
      breaker.succeeded();
      observed.finished(
          flight.tokens, flight.lastTokenNanos - flight.firstTokenNanos, flights.size());
    } else if (flight.cancelled) {
      breaker.neutral();
    } else {
      breaker.failed(now); // nobody asked it to stop
    }
    try {
      flight.listener.done(done);
    } catch (RuntimeException fault) {
      broken(flight, fault);
    }
    freed.run();
  }

  /** Whether a run came to the end of its answer by itself. */
  public static boolean whole(Done done) {
    return done.getFinish() == FinishReason.FINISH_STOP
        || done.getFinish() == FinishReason.FINISH_LENGTH;
  }

  private void failed(Failed failed, long now) {
    Flight flight = flights.remove(failed.getRun());
    if (flight == null) {
      return;
    }
    landed(flight);
    if (failed.getCode() == FailureCode.FAILURE_ENGINE
        || failed.getCode() == FailureCode.FAILURE_UNSPECIFIED) {
      breaker.failed(now);
    } else {
      breaker.neutral();
    }
    try {
      flight.listener.failed(failed);
    } catch (RuntimeException fault) {
      broken(flight, fault);
    }
    freed.run();
  }

  /** One message carries many runs: a fault of ours in one of them must not lose the others. */
  private void broken(Flight flight, RuntimeException fault) {
    try {
      flight.listener.broken(fault);
    } catch (RuntimeException again) {
      log.error("event=internal_error worker={}", identity.id(), again);
    }
  }

  private void landed(Flight flight) {
    if (flight.tokens == 0) {
      pendingPromptTokens -= flight.promptTokens;
    }
  }

  private void reported(LoadReport report) {
    load = report;
    // Runs that the report knows of and that are not ours belong to other routers.
    long oursSeen =
        flights.keySet().stream().filter(run -> run <= report.getDispatchedSeen()).count();
    long all =
        Integer.toUnsignedLong(report.getRunning()) + Integer.toUnsignedLong(report.getQueued());
    int before = othersOccupy;
    othersOccupy = Math.clamp(all - oursSeen, 0, MOST_OTHERS);
    if (othersOccupy < before) {
      freed.run();
    }
  }

  /** The link ended: tells every run. */
  void gone() {
    if (state == State.GONE) {
      return;
    }
    state = State.GONE;
    groupKeys.withdraw();
    List<Flight> lost = List.copyOf(flights.values());
    flights.clear();
    pendingPromptTokens = 0;
    for (Flight flight : lost) {
      try {
        flight.listener.lost();
      } catch (RuntimeException fault) {
        broken(flight, fault);
      }
    }
  }

  void tick(long windowNanos) {
    observed.tick(windowNanos);
  }

  boolean silentFor(long nanos) {
    return nanoClock.getAsLong() - lastHeardNanos > nanos;
  }

  // ------------------------------------------------------------------ what others may know

  /** Who it is. */
  public WorkerIdentity identity() {
    return identity;
  }

  /** Its platform's security level by the collateral of now: "UpToDate", or "not checked". */
  public String tcbStatus() {
    return tcbStatus;
  }

  void tcbStatus(String status) {
    tcbStatus = status;
  }

  /** Whether its engine tells no ids of this model's tokens, and so goes on from none. */
  public boolean tellsNoIds(String model) {
    return can(model, Fleet.TEXT_ONLY);
  }

  /** Whether its engine goes on from the text of an answer of this model. */
  public boolean continuesText(String model) {
    return can(model, Fleet.CONTINUES_TEXT);
  }

  private boolean can(String model, String feature) {
    for (Model one : models) {
      if (one.getName().equals(model)) {
        return one.getFeaturesList().contains(feature);
      }
    }
    return false;
  }

  /** What it serves. */
  public List<Model> models() {
    return models;
  }

  /** Whether it can do all of these with a model. */
  public boolean offers(String model, Collection<String> features) {
    for (Model one : models) {
      if (one.getName().equals(model) && one.getFeaturesList().containsAll(features)) {
        return true;
      }
    }
    return false;
  }

  /** Where it is in its life. */
  public State state() {
    return state;
  }

  /** Our runs in flight. */
  public int inFlight() {
    return flights.size();
  }

  /** Its last report. */
  public LoadReport load() {
    return load;
  }

  /** Tokens a second that came from it in the last window. */
  public double tokensPerSecond() {
    return observed.tokensPerSecond();
  }

  /** Tells it what its payout address has earned. */
  public void tell(Earnings earnings) {
    down.accept(FromRouter.newBuilder().setEarnings(earnings).build());
  }

  /** Whether its breaker is open. */
  public boolean breakerOpen() {
    return breaker.open();
  }

  @Override
  public boolean accepting() {
    return state == State.ATTACHED && breaker.allows(nanoClock.getAsLong());
  }

  @Override
  public int coefficient() {
    return coefficient;
  }

  @Override
  public int contextTokens() {
    return contextTokens;
  }

  @Override
  public int slots() {
    return slots;
  }

  @Override
  public int occupied() {
    return flights.size() + othersOccupy;
  }

  @Override
  public long pendingPromptTokens() {
    return Math.max(0, pendingPromptTokens);
  }

  @Override
  public double prefillTokensPerSecond() {
    return observed.prefillTokensPerSecond();
  }

  @Override
  public double expectedStreamTokensPerSecond() {
    return observed.streamTokensPerSecond(occupied() + 1);
  }

  @Override
  public Decision.Assigned assigned() {
    return assigned;
  }
}
