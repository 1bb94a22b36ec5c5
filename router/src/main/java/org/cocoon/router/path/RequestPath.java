package org.cocoon.router.path;

import io.vertx.core.Context;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.admission.Admission.Ceiling;
import org.cocoon.router.admission.WaitingRoom;
import org.cocoon.router.dispatch.Decision;
import org.cocoon.router.dispatch.Demand;
import org.cocoon.router.dispatch.Dispatcher;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.ServedModel;
import org.cocoon.router.ledger.Ledger;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.cocoon.router.relay.ChunkMemory;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a request, from the edge to its charge. {@link #submit} shows all of it.
 *
 * <p>Belongs to one event loop; nothing here blocks it, and no lock is needed.
 */
public final class RequestPath {
  private static final Logger log = LoggerFactory.getLogger(RequestPath.class);

  /** Tokens that an answer is expected to have when the client does not limit it. */
  private static final int EXPECTED_OUTPUT = 256;

  /**
   * Limits of the request path.
   *
   * @param waitingRoom requests that may wait for a worker
   * @param failuresInARow workers that may fail an answer without a token between them: more would
   *     let one request that breaks engines break them all
   * @param attempts workers that one answer may be given to, however it grows
   * @param firstTokenTimeoutNanos from a worker's start to its first token
   * @param stallTimeoutNanos for which a client may read nothing
   * @param stopTimeoutNanos in which a worker must confirm a cancel
   * @param restartWaitNanos for which a request whose worker failed waits for another one
   * @param chunkMemoryBytes in which sealed answers are kept while they run
   */
  public record Limits(
      int waitingRoom,
      int failuresInARow,
      int attempts,
      long firstTokenTimeoutNanos,
      long stallTimeoutNanos,
      long stopTimeoutNanos,
      long restartWaitNanos,
      long chunkMemoryBytes) {
    /** What the router uses. */
    public static final Limits DEFAULT =
        new Limits(
            1024,
            4,
            16,
            TimeUnit.SECONDS.toNanos(60),
            TimeUnit.SECONDS.toNanos(30),
            TimeUnit.SECONDS.toNanos(2),
            TimeUnit.SECONDS.toNanos(15),
            256 << 20);
  }

  private final Consumer<Runnable> nextTurn;
  private final Ledger ledger;
  private final Admission admission;
  private final Dispatcher dispatcher = new Dispatcher();
  private final Fleet fleet;
  private final Limits limits;
  private final RouterMetrics metrics;
  private final LongSupplier nanoClock;
  private final WaitingRoom<Choice> waitingRoom;
  private final ChunkMemory chunkMemory;
  private final Set<Exchange> open = new HashSet<>();
  private TopUp topUp = (account, missing) -> "Top up";
  private boolean draining;
  private boolean offering;

  /** Joins the stages. */
  public RequestPath(
      Context context,
      Ledger ledger,
      Admission admission,
      Fleet fleet,
      Limits limits,
      RouterMetrics metrics,
      LongSupplier nanoClock) {
    this(
        task -> context.runOnContext(ignored -> task.run()),
        ledger,
        admission,
        fleet,
        limits,
        metrics,
        nanoClock);
  }

  /** The same over any event loop, given by what runs a task in its next turn. */
  RequestPath(
      Consumer<Runnable> nextTurn,
      Ledger ledger,
      Admission admission,
      Fleet fleet,
      Limits limits,
      RouterMetrics metrics,
      LongSupplier nanoClock) {
    this.nextTurn = nextTurn;
    this.ledger = ledger;
    this.admission = admission;
    this.fleet = fleet;
    this.limits = limits;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    this.chunkMemory = new ChunkMemory(limits.chunkMemoryBytes());
    this.waitingRoom = new WaitingRoom<>(limits.waitingRoom());
    fleet.onCapacity(this::offerWaiting);
  }

  /** Says how an account gets more to spend; without a full stop at its end. */
  @FunctionalInterface
  public interface TopUp {
    /** What to do about so much that is missing. */
    String how(Account account, NanoTon missing);
  }

  /** Has those told how to add money who have too little. */
  public void onShortage(TopUp advice) {
    topUp = advice;
  }

  /**
   * Answers a request: admit, hold, dispatch, relay, charge. Always ends in exactly one call of
   * {@link Answer#finished} or {@link Answer#refused}, unless the client cancels.
   *
   * @return the running request, for the edge to cancel or to resume
   */
  public Exchange submit(InferenceRequest request, Answer answer) {
    Exchange exchange = new Exchange(this, request, answer, nanoClock.getAsLong());
    Refusal refusal = admit(request);
    if (refusal != null) {
      exchange.refuse(refusal);
      return exchange;
    }
    open.add(exchange);
    metrics.opened();
    hold(exchange, ceiling(request, request.maxCoefficient()));
    return exchange; // held -> dispatch -> relay -> charge: see the tables of Exchange and Choice
  }

  private @Nullable Refusal admit(InferenceRequest request) {
    if (draining) {
      return Refusals.draining();
    }
    if (!fleet.knows(request.model())) {
      return Refusals.unknownModel(request.model());
    }
    if (request.sealed() && !fleet.knowsSealed(request.model())) {
      return Refusals.neverSealed(request.model());
    }
    Refusal unfeatured = request.sealed() ? null : unfeatured(request);
    if (unfeatured != null) {
      return unfeatured;
    }
    if (!admission.enter(request.account())) {
      return Refusals.tooManyInFlight(admission.limit());
    }
    return null;
  }

  /** Attached workers that can do it, whatever they cost. */
  private List<ServedModel> workers(InferenceRequest request) {
    if (request.sealed()) {
      return fleet.servingSealed(request.model());
    }
    List<ServedModel> serving = fleet.serving(request.model());
    Collection<String> features = request.features().values();
    return features.isEmpty()
        ? serving
        : serving.stream().filter(worker -> worker.offers(features)).toList();
  }

  /** What is asked for that no attached worker of the model can do, or null. */
  private @Nullable Refusal unfeatured(InferenceRequest request) {
    Map<String, String> features = request.features();
    List<ServedModel> serving = features.isEmpty() ? List.of() : fleet.serving(request.model());
    for (Map.Entry<String, String> feature : features.entrySet()) {
      List<String> one = List.of(feature.getValue());
      if (!serving.isEmpty() && serving.stream().noneMatch(worker -> worker.offers(one))) {
        return Refusals.unfeatured(request.model(), feature.getKey());
      }
    }
    return null;
  }

  private void hold(Exchange exchange, Ceiling ceiling) {
    InferenceRequest request = exchange.request();
    ledger
        .hold(request.account(), request.id(), admission.atMost(request.model(), ceiling))
        .onSuccess(
            outcome -> {
              switch (outcome) {
                case HoldOutcome.Held held -> exchange.held(held.hold(), ceiling);
                case HoldOutcome.Insufficient poor -> holdLess(exchange, ceiling, poor);
                case HoldOutcome.Unavailable gone ->
                    exchange.refuse(
                        Refusal.retry(
                            Kind.LEDGER_UNAVAILABLE,
                            2,
                            "The ledger is not reachable just now; nothing was charged."));
              }
            })
        .onFailure(fault -> exchange.broken(fault));
  }

  /** A dear worker in the fleet must not keep those out who can pay for a cheap one. */
  private void holdLess(Exchange exchange, Ceiling tried, HoldOutcome.Insufficient poor) {
    Ceiling cheapest = ceiling(exchange.request(), lowestCoefficient(exchange.request()));
    if (cheapest.coefficient() > 0 && cheapest.coefficient() < tried.coefficient()) {
      hold(exchange, cheapest);
    } else {
      exchange.refuse(
          Refusal.of(
              Kind.INSUFFICIENT_BALANCE,
              "The balance is %s short of the most that this request can cost. %s, or lower max_tokens."
                  .formatted(
                      poor.missing(), topUp.how(exchange.request().account(), poor.missing()))));
    }
  }

  /** What a request can use at most, of the workers that are not dearer than this. */
  private Ceiling ceiling(InferenceRequest request, int maxCoefficient) {
    int coefficient = 0;
    int contextTokens = 1;
    for (ServedModel worker : workers(request)) {
      if (worker.coefficient() <= maxCoefficient) {
        coefficient = Math.max(coefficient, worker.coefficient());
        contextTokens = Math.max(contextTokens, worker.contextTokens());
      }
    }
    return admission.ceiling(request, coefficient, contextTokens);
  }

  /** Chooses a worker for a request that holds its money. */
  Decision decide(Choice choice, boolean mayWait) {
    Exchange exchange = choice.exchange();
    InferenceRequest request = exchange.request();
    int output =
        request.embeds() ? 1 : request.maxTokens() == 0 ? EXPECTED_OUTPUT : request.maxTokens();
    Demand demand =
        new Demand(
            request.promptTokensExpected(),
            Math.min(output, EXPECTED_OUTPUT),
            choice.delivered() + 1, // a lower bound: only the worker can count the prompt
            exchange.ceiling().coefficient(),
            mayWait);
    List<ServedModel> able = workers(request);
    if (choice.attempts() > 0) { // what began cannot go on everywhere
      able = able.stream().filter(choice::canGoOnAt).toList();
    }
    return dispatcher.decide(demand, able);
  }

  WaitingRoom<Choice> waitingRoom() {
    return waitingRoom;
  }

  /** Slots came free, or workers went: everybody who waits is considered again, once a turn. */
  private void offerWaiting() {
    if (offering || waitingRoom.size() == 0) {
      return;
    }
    offering = true;
    nextTurn.accept(
        () -> {
          offering = false;
          for (String model : waitingRoom.models()) {
            waitingRoom.offer(model, Choice::dispatchFromWaiting);
          }
        });
  }

  Ledger ledger() {
    return ledger;
  }

  Admission admission() {
    return admission;
  }

  Limits limits() {
    return limits;
  }

  RouterMetrics metrics() {
    return metrics;
  }

  ChunkMemory chunkMemory() {
    return chunkMemory;
  }

  LongSupplier nanoClock() {
    return nanoClock;
  }

  /**
   * Which requests may share cached prefixes: those of one account, under a key of this process.
   */
  String cacheScope(Account account) {
    return CacheScopes.of(account.id());
  }

  /** The cheapest coefficient that serves such a request now, or 0 if none does. */
  int lowestCoefficient(InferenceRequest request) {
    int lowest = 0;
    for (ServedModel worker : workers(request)) {
      if (worker.accepting() && (lowest == 0 || worker.coefficient() < lowest)) {
        lowest = worker.coefficient();
      }
    }
    return lowest;
  }

  void ended(Exchange exchange, @Nullable Hold hold, String how) {
    if (hold != null) {
      ledger.release(hold);
    }
    if (open.remove(exchange)) {
      admission.leave(exchange.request().account());
      metrics.ended(how);
    }
    log.info(
        "event=request_ended request={} account={} model={} how={} tokens={} attempts={} millis={}",
        exchange.request().id(),
        exchange.request().account().id(),
        fleet.knows(exchange.request().model()) ? exchange.request().model() : "unknown",
        how,
        exchange.delivered(),
        exchange.attempts(),
        TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - exchange.arrivedNanos()));
  }

  /** Looks after deadlines and keep-alives of all open requests; about four times a second. */
  public void tick() {
    long now = nanoClock.getAsLong();
    for (Exchange exchange : List.copyOf(open)) {
      exchange.tick(now);
    }
    offerWaiting(); // a breaker's pause ends without an event
  }

  /** Takes nothing new from now on. */
  public void drain() {
    draining = true;
  }

  /** Whether it was told to take nothing new. */
  public boolean draining() {
    return draining;
  }

  /** Requests that are not ended. */
  public int openRequests() {
    return open.size();
  }

  /** Requests, or single choices of them, that wait for a worker. */
  public int waiting() {
    return waitingRoom.size();
  }

  /** Bytes of sealed answers that are kept while they run. */
  public long chunkMemoryBytes() {
    return chunkMemory.usedBytes();
  }

  /** Requests of an account that are not ended. */
  public Admission limitsOfAccounts() {
    return admission;
  }
}
