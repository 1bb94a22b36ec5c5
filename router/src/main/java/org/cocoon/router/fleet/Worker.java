package org.cocoon.router.fleet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
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
import org.cocoon.link.wire.ModelLoad;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attached worker: its models, and its runs in flight.
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
public final class Worker {
  private static final Logger log = LoggerFactory.getLogger(Worker.class);

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
    final ServedModel model;
    final RunListener listener;
    final int promptTokens;
    final long dispatchedNanos;
    long firstTokenNanos;
    long lastTokenNanos;
    long tokens;
    boolean cancelled;

    Flight(ServedModel model, RunListener listener, int promptTokens, long dispatchedNanos) {
      this.model = model;
      this.listener = listener;
      this.promptTokens = promptTokens;
      this.dispatchedNanos = dispatchedNanos;
    }
  }

  private final WorkerIdentity identity;
  private final int coefficient;
  private final LongSupplier nanoClock;
  private final GroupKeyBoard.OfWorker groupKeys;
  private final Consumer<FromRouter> down;
  private final Consumer<Runnable> afterTurn;
  private final Runnable freed;
  private final Map<String, ServedModel> served = new LinkedHashMap<>();
  private final Map<Long, Flight> flights = new HashMap<>();

  private State state = State.ATTACHED;
  private long nextRun = 1;
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
    this.coefficient = coefficient;
    this.groupKeys = groupKeys.new OfWorker();
    this.nanoClock = nanoClock;
    this.down = down;
    this.afterTurn = afterTurn;
    this.freed = freed;
    this.lastHeardNanos = nanoClock.getAsLong();
    serve(models);
  }

  /**
   * Serves these models from now on and no others; what runs of the others still ends. One that is
   * told otherwise than before, in whatever it is, is another one.
   *
   * @return those that it served and does not any more
   */
  List<ServedModel> serve(List<Model> models) {
    Map<String, ServedModel> before = new HashMap<>(served);
    served.clear();
    for (Model model : models) {
      ServedModel same = before.get(model.getName());
      if (same != null && same.model().equals(model)) {
        before.remove(model.getName());
      } else {
        same = new ServedModel(this, model, nanoClock);
      }
      served.put(model.getName(), same);
    }
    for (ServedModel left : before.values()) {
      left.withdraw();
      if (!opensSealed(left.model().getName())) {
        groupKeys.withdraw(left.model().getName());
      }
    }
    return List.copyOf(before.values());
  }

  // ------------------------------------------------------------------ down the link

  /**
   * Starts a run.
   *
   * @param template what to run, of a model that it serves, without its number
   * @param expectedPromptTokens for the observation of rates
   * @return its number
   */
  public long run(Run.Builder template, int expectedPromptTokens, RunListener listener) {
    ServedModel model = served.get(template.getModel());
    if (model == null) {
      throw new IllegalArgumentException("this worker does not serve the run's model");
    }
    long run = nextRun++;
    flights.put(run, new Flight(model, listener, expectedPromptTokens, nanoClock.getAsLong()));
    model.dispatched(expectedPromptTokens);
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
    Flight flight = drop(run);
    if (flight != null) {
      flight.model.breaker().neutral();
      freed.run();
    }
  }

  /** Like {@link #abandon}, for a run that the worker did wrong: its breaker counts a failure. */
  public void dismiss(long run) {
    Flight flight = drop(run);
    if (flight != null) {
      flight.model.breaker().failed(nanoClock.getAsLong());
      freed.run();
    }
  }

  /** Counts a failure against its breaker: this run's first token did not come in time. */
  public void overdue(long run) {
    Flight flight = flights.get(run);
    if (flight != null) {
      flight.model.breaker().failed(nanoClock.getAsLong());
    }
  }

  /** Stops every run of a model that may not be served any more; others go on with them. */
  void lose(ServedModel model) {
    List<Long> lost = new ArrayList<>();
    flights.forEach(
        (run, flight) -> {
          if (flight.model.equals(model)) {
            lost.add(run);
          }
        });
    for (long run : lost) {
      Flight flight = drop(run);
      if (flight != null) {
        tellLost(flight);
      }
    }
  }

  private @Nullable Flight drop(long run) {
    Flight flight = flights.remove(run);
    if (flight != null) {
      landed(flight);
      outgoing().addCancel(Cancel.newBuilder().setRun(run));
    }
    return flight;
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
    ServedModel model = served.get(name);
    return model != null && Fleet.opensSealed(model.model());
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
      flight.model.firstToken(flight.promptTokens, now - flight.dispatchedNanos);
    }
    flight.lastTokenNanos = now;
    flight.tokens += count;
    flight.model.observed().tokens(count);
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
    Breaker breaker = flight.model.breaker();
    if (whole(done)) {
      breaker.succeeded();
      flight
          .model
          .observed()
          .finished(flight.tokens, flight.lastTokenNanos - flight.firstTokenNanos, flights.size());
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
    Breaker breaker = flight.model.breaker();
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

  private static void landed(Flight flight) {
    flight.model.landed(flight.tokens == 0 ? flight.promptTokens : 0);
  }

  private void reported(LoadReport report) {
    load = report;
    served.values().forEach(ServedModel::beginReport);
    long seen = report.getDispatchedSeen();
    flights.forEach(
        (run, flight) -> {
          if (run <= seen) {
            flight.model.seenByReport();
          }
        });
    boolean left = false;
    if (report.getModelsCount() == 0) { // it has one model, or does not say which runs are whose
      long all = count(report.getRunning(), report.getQueued());
      for (ServedModel model : served.values()) {
        left |= model.endReport(all);
      }
    } else {
      Map<String, Long> all = new HashMap<>();
      for (int i = 0; i < report.getModelsCount(); i++) {
        ModelLoad each = report.getModels(i);
        if (served.containsKey(each.getName())) {
          all.put(each.getName(), count(each.getRunning(), each.getQueued()));
        }
      }
      for (ServedModel model : served.values()) {
        left |= model.endReport(all.getOrDefault(model.model().getName(), 0L));
      }
    }
    if (left) {
      freed.run();
    }
  }

  private static long count(int running, int queued) {
    return Integer.toUnsignedLong(running) + Integer.toUnsignedLong(queued);
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
    for (Flight flight : lost) {
      landed(flight);
      tellLost(flight);
    }
  }

  private void tellLost(Flight flight) {
    try {
      flight.listener.lost();
    } catch (RuntimeException fault) {
      broken(flight, fault);
    }
  }

  void tick(long windowNanos) {
    served.values().forEach(model -> model.observed().tick(windowNanos));
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

  /** What it serves; a live view. */
  public Collection<ServedModel> served() {
    return Collections.unmodifiableCollection(served.values());
  }

  /** What it serves, as it said it. */
  public List<Model> models() {
    return served.values().stream().map(ServedModel::model).toList();
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
    return served.values().stream().mapToDouble(model -> model.observed().tokensPerSecond()).sum();
  }

  /** Tells it something apart from its runs. */
  void tell(FromRouter message) {
    down.accept(message);
  }

  /** Tells it what its payout address has earned. */
  public void tell(Earnings earnings) {
    tell(FromRouter.newBuilder().setEarnings(earnings).build());
  }

  /** Whether the breakers of all its models are open. */
  public boolean breakerOpen() {
    return !served.isEmpty() && served.values().stream().allMatch(ServedModel::breakerOpen);
  }

  /** Price multiplier, 1000 = 1.0. */
  public int coefficient() {
    return coefficient;
  }

  /** Requests that can run at the same time, of all its models. */
  public int slots() {
    return served.values().stream().mapToInt(ServedModel::slots).sum();
  }

  /** Requests there now, of all its models: our own in flight, and others' by its last report. */
  int occupied() {
    return served.values().stream().mapToInt(ServedModel::occupied).sum();
  }
}
