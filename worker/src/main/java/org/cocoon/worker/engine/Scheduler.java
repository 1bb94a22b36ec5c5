package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.cocoon.backend.Backend;
import org.cocoon.backend.StepBatch;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching: keeps generations in slots, makes steps, and tells what came of them.
 *
 * <p>Has no thread and no lock: everything here is called on the step thread. What a call leads to
 * is told by the next {@link #step()}.
 */
final class Scheduler {
  private static final Logger log = LoggerFactory.getLogger(Scheduler.class);
  private static final String NO_TOKEN =
      "no token of this model goes on with an answer of the form that was asked for";

  private final Backend backend;
  private final EngineOptions options;
  private final PromptDesk desk;
  private final LongSupplier nanoClock;
  private final StepBatch batch;
  private final BatchPlan plan;
  private final AnswerStep answers;
  private final SlotTable slots;
  private final FairShare shares = new FairShare();
  private final Admission admission;
  private final RateMeter decodeRate = new RateMeter();
  private final RateMeter prefillRate = new RateMeter();

  /** Every generation that has not ended, oldest first. */
  private final Map<RunKey, Generation> generations = new LinkedHashMap<>();

  private List<Delta> deltas = new ArrayList<>();
  private List<Ended> ended = new ArrayList<>();
  private @Nullable Refusal closedWith;
  private long arrivals;

  private record Refusal(RefusalCause cause, String message) {}

  Scheduler(
      Backend backend,
      EngineOptions options,
      TokenTable tokens,
      PromptDesk desk,
      LongSupplier nanoClock) {
    this.backend = backend;
    this.options = options;
    this.desk = desk;
    this.nanoClock = nanoClock;
    batch = new StepBatch(backend.limits());
    plan = new BatchPlan(batch, new StepCost(), options, backend.computesNeighbours());
    answers = new AnswerStep(batch, tokens);
    slots = new SlotTable(backend, slots(backend, options));
    admission = new Admission(slots, options);
  }

  /** How many generations run at the same time. */
  static int slots(Backend backend, EngineOptions options) {
    int sequences = backend.limits().sequences();
    return options.slots() == 0 ? sequences : Math.min(options.slots(), sequences);
  }

  /** Takes a request in, with all its choices, or refuses it. */
  void arrive(GenerationRequest request) {
    int choices = request.choices();
    if (choices == 1) {
      arrive(request, generations.size() < slots.size() + options.maxQueued());
      return;
    }
    String wrong =
        choices < 1 || choices > GenerationRequest.MAX_CHOICES
            ? "n must be 1 to " + GenerationRequest.MAX_CHOICES
            : request.continuation().ids().length > 0
                ? "a continuation has one choice; continue each by itself"
                : "";
    if (!wrong.isEmpty()) {
      ended.add(new Ended.Refused(request.key(), RefusalCause.BAD_REQUEST, wrong, "n"));
      return;
    }
    // All or none: half of what was asked for is no answer.
    boolean room = generations.size() + choices <= slots.size() + options.maxQueued();
    for (int i = 0; i < choices; i++) {
      arrive(request.choice(i), room);
    }
  }

  private void arrive(GenerationRequest request, boolean room) {
    RunKey key = request.key();
    if (generations.containsKey(key)) {
      log.warn(
          "request {} repeats the key of one that has not ended; ignored", request.requestId());
      return;
    }
    if (closedWith != null) {
      ended.add(new Ended.Refused(key, closedWith.cause(), closedWith.message(), ""));
      return;
    }
    // Where prefixes are not reused, the choices of one request still share theirs.
    String scope = options.reusePrefixes() ? request.cacheScope() : key.link() + ":" + key.run();
    Generation generation =
        new Generation(
            request, ++arrivals, shares.join(request.cacheScope()), scope, nanoClock.getAsLong());
    generations.put(key, generation);
    PromptDesk.Ticket ticket =
        room ? desk.prepare(request, result -> prepared(generation, result)) : null;
    if (ticket != null) {
      generation.waitsAtDesk(ticket);
    } else {
      String message = "the engine's queue of " + options.maxQueued() + " requests is full";
      refuse(generation, RefusalCause.BUSY, message, "");
    }
  }

  private void prepared(Generation generation, Preparation result) {
    if (generations.get(generation.key()) != generation) {
      return; // It was cancelled in the meantime.
    }
    switch (result) {
      case Preparation.Ready ready -> {
        generation.makeReady(ready);
        admission.await(generation);
      }
      case Preparation.Complete complete -> {
        remove(generation);
        tellDelta(generation, new int[0], complete.text(), List.of());
        generation.makeReady(complete.promptTokens());
        ended.add(generation.finished(complete.reason(), complete.stop(), nanoClock.getAsLong()));
      }
      case Preparation.Rejected rejected ->
          refuse(generation, rejected.cause(), rejected.message(), rejected.param());
    }
  }

  /** Ends a generation. */
  void cancel(RunKey key) {
    Generation generation = generations.get(key);
    if (generation != null) {
      abandon(generation);
    }
  }

  /** Gives a generation credit. */
  void grant(RunKey key, int count) {
    Generation generation = generations.get(key);
    if (generation != null) {
      generation.grant(count);
    }
  }

  /** Ends everything, and refuses what arrives from now on. */
  void shut(RefusalCause cause, String message) {
    closedWith = new Refusal(cause, message);
    for (Generation generation : List.copyOf(generations.values())) {
      refuse(generation, cause, message, "");
    }
  }

  /** Whether a step would do or tell anything. */
  boolean hasWork() {
    if (!deltas.isEmpty() || !ended.isEmpty() || nanosToDeadline() == 0) {
      return true;
    }
    for (Generation generation : admission.running()) {
      if (generation.decodes() || generation.prefillable() > 0) {
        return true;
      }
    }
    return admission.wouldAdmit(nanoClock.getAsLong());
  }

  /**
   * Nanoseconds until something is due though nobody calls, such as a deadline: at least 0; a very
   * long time where nothing is.
   */
  long nanosToDeadline() {
    long now = nanoClock.getAsLong();
    long least = admission.nanosToStall(now);
    for (Generation generation : generations.values()) {
      if (generation.request.deadlineMillis() > 0) {
        least = Math.min(least, Math.max(generation.deadlineNanos - now, 0));
      }
    }
    return least;
  }

  /**
   * Computes one batch, if there is anything to compute, and tells what came of that and of every
   * call since the last step. Both lists empty: nothing to tell.
   */
  StepOutcome step() {
    long now = nanoClock.getAsLong();
    for (Generation generation : List.copyOf(generations.values())) {
      if (generation.isLate(now)) {
        abandon(generation);
      }
    }
    admission.admit(now);
    plan.fill(admission.running());
    if (batch.count() > 0) {
      slots.makeRoom(batch.count());
      long start = nanoClock.getAsLong();
      backend.step(batch);
      plan.took(nanoClock.getAsLong() - start);
      computed();
    }
    return takeOutcome();
  }

  /** What there is to tell, without computing anything. */
  StepOutcome takeOutcome() {
    StepOutcome outcome = new StepOutcome(deltas, ended);
    deltas = deltas.isEmpty() ? deltas : new ArrayList<>();
    ended = ended.isEmpty() ? ended : new ArrayList<>();
    return outcome;
  }

  private void computed() {
    long now = nanoClock.getAsLong();
    for (Generation generation : admission.running()) {
      Slot slot = generation.slot();
      if (slot != null) {
        slots.computed(slot);
      }
    }
    prefillRate.add(batch.count() - plan.decoding(), now);
    List<Generation> rows = plan.rows();
    int tokens = 0;
    for (int i = 0; i < rows.size(); ) {
      Generation generation = rows.get(i);
      int before = generation.tokens().size();
      i += advance(generation, i, now);
      tokens += generation.tokens().size() - before;
    }
    decodeRate.add(tokens, now);
    plan.forget();
  }

  /** Gives a generation its next tokens from its rows, and ends it if that was all. */
  private int advance(Generation generation, int firstRow, long now) {
    Slot slot = generation.slot();
    int[] guess = generation.takeGuess();
    AnswerStep.Chosen chosen = answers.choose(generation, firstRow, guess, now);
    if (slot != null && guess.length > 0) {
      slots.shorten(slot, guess.length - chosen.right());
      generation.lookup.learn(guess.length, chosen.right());
    }
    switch (chosen.end()) {
      case null -> tellDelta(generation, chosen.ids(), generation.text().take(), chosen.logprobs());
      case AnswerStep.End.Finished(FinishReason reason, String stop) ->
          end(generation, chosen.ids(), chosen.logprobs(), reason, stop);
      case AnswerStep.End.NoToken() -> {
        tellDelta(generation, chosen.ids(), generation.text().take(), chosen.logprobs());
        refuse(generation, RefusalCause.UNSUPPORTED, NO_TOKEN, "response_format");
      }
    }
    return 1 + guess.length;
  }

  /** Ends a generation before its time, and lets its client have what was withheld. */
  private void abandon(Generation generation) {
    end(generation, new int[0], List.of(), FinishReason.CANCELLED, null);
  }

  private void end(
      Generation generation,
      int[] ids,
      List<TokenLogprob> told,
      FinishReason reason,
      @Nullable String stop) {
    generation.text().finish();
    tellDelta(generation, ids, generation.text().take(), told);
    ended.add(generation.finished(reason, stop, nanoClock.getAsLong()));
    remove(generation);
  }

  private void refuse(Generation generation, RefusalCause cause, String message, String param) {
    ended.add(new Ended.Refused(generation.key(), cause, message, param));
    remove(generation);
  }

  private void remove(Generation generation) {
    generations.remove(generation.key());
    generation.leaveDesk();
    admission.remove(generation);
    shares.leave(generation.account());
  }

  private void tellDelta(Generation generation, int[] ids, byte[] text, List<TokenLogprob> told) {
    if (ids.length > 0 || text.length > 0) {
      deltas.add(new Delta(generation.key(), ids, text, told));
    }
  }

  /** How busy the engine is, apart from the rates. */
  EngineLoad occupancy() {
    long prompt = 0;
    for (Generation generation : generations.values()) {
      prompt += generation.tokensToPrefill();
    }
    int running = admission.running().size();
    return new EngineLoad(running, generations.size() - running, prompt, 0, 0);
  }

  /** Tokens in the cache, those of shared prefixes once. */
  int cachedTokens() {
    return slots.cachedTokens();
  }

  /** Drops what free sequences keep, and returns what the cache holds then: what runs. */
  int forgetKept() {
    slots.makeRoom(backend.cacheTokens());
    return slots.cachedTokens();
  }

  /** Tokens of answers over the last second. Any thread. */
  int decodeTokensPerSecond() {
    return decodeRate.perSecond(nanoClock.getAsLong());
  }

  /** Tokens of prompts over the last second. Any thread. */
  int prefillTokensPerSecond() {
    return prefillRate.perSecond(nanoClock.getAsLong());
  }
}
