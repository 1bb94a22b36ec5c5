package org.cocoon.router.path;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.link.wire.Done;
import org.cocoon.router.admission.Admission.Ceiling;
import org.cocoon.router.fleet.ServedModel;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.Usage;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way: one hold and one charge, for one answer or several. Belongs to the event
 * loop.
 *
 * <pre>
 * HOLDING   held ------------------------> OPEN      every {@link Choice} goes its way
 * OPEN      every choice is over --------> CHARGING  of what was delivered, if anything was
 * CHARGING  charge durable --------------> ENDED     only now the final chunk is sent
 * any       refused before any token ----> ENDED     the hold is released, nothing is charged
 * any       a fault of ours -------------> ENDED     the same, and the workers are told to stop
 * </pre>
 *
 * <p>The first choice is dispatched for all: they begin at one worker together, where the prompt is
 * computed once. After that each is a run by itself, and one whose worker fails goes on elsewhere
 * by itself. What ends one choice with an error ends the request.
 */
public final class Exchange {
  private static final Logger log = LoggerFactory.getLogger(Exchange.class);

  private static final Ceiling NO_CEILING = new Ceiling(0, 0, 0, 1);

  private enum State {
    HOLDING,
    OPEN,
    CHARGING,
    ENDED
  }

  private final RequestPath path;
  private final InferenceRequest request;
  private final Answer answer;
  private final long arrivedNanos;
  private final Price price;
  private final List<Choice> choices;

  private State state = State.HOLDING;
  private boolean answerOver;
  private @Nullable Hold hold;
  private Ceiling ceiling = NO_CEILING;
  private int coefficient;
  private int delivered;
  private long promptTokens;
  private long cachedPromptTokens = Long.MAX_VALUE;
  private @Nullable Refusal afterCharge;

  Exchange(RequestPath path, InferenceRequest request, Answer answer, long arrivedNanos) {
    this.path = path;
    this.request = request;
    this.answer = answer;
    this.arrivedNanos = arrivedNanos;
    this.price = path.admission().price(request.model()); // as it was when the request came
    this.choices =
        IntStream.range(0, request.choices())
            .mapToObj(index -> new Choice(this, path, index, answer))
            .toList();
  }

  // ------------------------------------------------------------------ the way in

  void held(Hold made, Ceiling covered) {
    if (state != State.HOLDING) {
      path.ledger().release(made); // the client left while the hold was being made
      return;
    }
    hold = made;
    ceiling = covered;
    state = State.OPEN;
    if (!answerOver) {
      answer.held(made.amount());
    }
    choices.getFirst().dispatch(path.waitingRoom().hasPlace());
  }

  /** A worker was found for a choice: the first time, for all of them. */
  void assigned(Choice choice, ServedModel worker) {
    boolean others = choices.stream().anyMatch(one -> one != choice && one.worker() != null);
    coefficient = // going on elsewhere never makes an answer dearer
        begun() || others ? Math.min(coefficient, worker.coefficient()) : worker.coefficient();
    boolean first = choice.attempts() == 0;
    choice.start(worker);
    for (Choice other : choices) {
      if (first && other != choice) {
        other.start(worker);
      }
    }
  }

  // ------------------------------------------------------------------ from the choices

  /** So many tokens more went to the client. */
  void relayed(int fresh) {
    if (delivered == 0 && fresh > 0) {
      path.metrics().firstToken(path.nanoClock().getAsLong() - arrivedNanos);
    }
    delivered += fresh;
    path.metrics().tokens(fresh);
  }

  /** What a worker says of the prompt, which all choices share: it is paid for once. */
  void counted(Choice choice, Done done) {
    if (choice.delivered() == 0 && !Worker.whole(done)) {
      return; // stopped before it could know
    }
    long prompt = Math.min(Integer.toUnsignedLong(done.getPromptTokens()), ceiling.promptTokens());
    promptTokens = Math.max(promptTokens, prompt);
    // Those that came later found what the first one computed.
    cachedPromptTokens =
        Math.min(cachedPromptTokens, Integer.toUnsignedLong(done.getCachedPromptTokens()));
  }

  /** A choice has ended. */
  void over(Choice choice) {
    if (settleIfOver()) {
      return;
    }
    if (!answerOver && afterCharge == null) {
      answer.ended(choice.index(), choice.finish());
    }
  }

  // ------------------------------------------------------------------ the way out

  private boolean settleIfOver() {
    for (Choice choice : choices) {
      if (!choice.isOver()) {
        return false;
      }
    }
    charge();
    return true;
  }

  private void charge() {
    if (state == State.CHARGING || state == State.ENDED) {
      return;
    }
    boolean nothingGiven = delivered == 0 && (afterCharge != null || answerOver);
    if (nothingGiven) {
      end(afterCharge == null ? "cancelled" : afterCharge.word());
      return;
    }
    state = State.CHARGING;
    Hold held = hold;
    if (held == null) {
      throw new IllegalStateException("nothing runs without a hold");
    }
    Worker worker = payee();
    String workerId = worker == null ? "" : worker.identity().id();
    String payout = worker == null ? "" : worker.identity().payout();
    UsedTokens used =
        new UsedTokens(promptTokens, Math.min(cachedPromptTokens, promptTokens), delivered, 0);
    NanoTon cost = NanoTon.min(held.amount(), price.cost(used, coefficient));
    Usage usage = new Usage(request.model(), used, price, coefficient, cost, workerId, payout);
    path.ledger()
        .charge(held, usage)
        .onSuccess(receipt -> charged(usage, held.amount(), receipt))
        .onFailure(this::broken);
  }

  /** Who is paid: where the choice with most tokens ran last. */
  private @Nullable Worker payee() {
    return choices.stream()
        .filter(choice -> choice.worker() != null)
        .max(Comparator.comparingInt(Choice::delivered))
        .map(Choice::worker)
        .orElse(null);
  }

  private void charged(Usage usage, NanoTon held, Receipt receipt) {
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
          new Completion(
              choices.stream().map(Choice::finish).toList(),
              usage.tokens(),
              held,
              usage.cost(),
              receipt,
              usage.worker()));
    }
  }

  /** Gives everything back first, so that an edge that throws can keep nothing. */
  private void end(String how) {
    state = State.ENDED;
    Hold left = hold;
    hold = null;
    choices.forEach(Choice::close);
    path.ended(this, left, how);
    if (afterCharge != null && !answerOver) {
      answerOver = true;
      answer.refused(afterCharge);
    }
  }

  /** Ends with an error; what was delivered until now is charged first. */
  void refuse(Refusal refusal) {
    if (answerOver || afterCharge != null || state == State.CHARGING || state == State.ENDED) {
      return;
    }
    afterCharge = refusal;
    stop();
  }

  /** A fault of ours: it ends without harm to others, and without a charge. */
  void broken(Throwable fault) {
    log.error("event=internal_error request={}", request.id(), fault);
    if (state == State.ENDED) {
      return;
    }
    choices.forEach(Choice::abandon);
    afterCharge = Refusals.internal();
    end("internal");
  }

  /**
   * The client does not want the rest. Only what was delivered is charged; the worker's slots are
   * free at its next step.
   */
  public void cancel() {
    if (answerOver || state == State.ENDED) {
      return;
    }
    answerOver = true;
    stop();
  }

  private void stop() {
    choices.forEach(Choice::stop);
    settleIfOver();
  }

  /** The client takes more again. */
  public void resume() {
    choices.forEach(Choice::resume);
  }

  // ------------------------------------------------------------------ time

  void tick(long now) {
    switch (state) {
      case HOLDING, OPEN -> {
        if (now - arrivedNanos > request.timeoutMillis() * 1_000_000) {
          refuse(Refusals.deadline(request));
        }
        choices.forEach(choice -> choice.tick(now));
      }
      case CHARGING, ENDED -> {}
    }
    if (!answerOver) {
      answer.tick(now);
    }
  }

  // ------------------------------------------------------------------ what others may know

  InferenceRequest request() {
    return request;
  }

  /** What its hold covers. */
  Ceiling ceiling() {
    return ceiling;
  }

  /** Whether the client was given anything. */
  boolean begun() {
    return choices.stream().anyMatch(Choice::begun);
  }

  /** Tokens delivered so far, of all choices. */
  int delivered() {
    return delivered;
  }

  /** How far it came, in any unit that grows. */
  int progress() {
    return choices.stream().mapToInt(Choice::progress).sum();
  }

  /** Workers that a choice was given to, at most. */
  int attempts() {
    return choices.stream().mapToInt(Choice::attempts).max().orElse(0);
  }

  long arrivedNanos() {
    return arrivedNanos;
  }
}
