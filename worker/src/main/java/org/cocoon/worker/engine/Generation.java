package org.cocoon.worker.engine;

import java.util.List;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way through the engine. Owned by the step thread.
 *
 * <pre>
 * from       event                           to
 * PREPARING  its prompt is tokens            QUEUED
 * PREPARING  rejected, or complete already   ended
 * QUEUED     a slot is free                  RUNNING
 * RUNNING    its slot goes to another        QUEUED
 * RUNNING    end token, stop string, length  ended
 * any        cancelled, deadline, engine     ended
 * </pre>
 *
 * <p>A running generation's tokens beyond those that its slot has cached are still to be computed.
 * One such token is a decode, whose logits give the next token and which takes credit; more are
 * prefill.
 */
final class Generation {
  private static final int[] NO_GUESS = new int[0];

  final GenerationRequest request;

  /** Counts arrivals: the larger, the younger. */
  final long number;

  final long arrivedNanos;
  final long deadlineNanos;
  private final FairShare.Account account;
  private final String cacheScope;
  private Preparation.Ready ready = notReady(0);

  /** Guesses its next tokens, where the engine does. */
  final PromptLookup lookup = new PromptLookup();

  private int[] guess = NO_GUESS;
  private PromptDesk.@Nullable Ticket ticket;
  private @Nullable Slot slot;
  private int credit;
  private int completionTokens;
  private int cachedPromptTokens;
  private int preemptions;
  private boolean started;
  private boolean shortened;
  private long waitingNanos;
  private long stalledNanos;
  private long slotNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;

  /**
   * Makes one that is preparing.
   *
   * @param account whose share of the engine it uses up
   * @param cacheScope only generations of one scope share prefixes
   */
  Generation(
      GenerationRequest request,
      long number,
      FairShare.Account account,
      String cacheScope,
      long nowNanos) {
    this.request = request;
    this.number = number;
    this.account = account;
    this.cacheScope = cacheScope;
    arrivedNanos = nowNanos;
    waitingNanos = nowNanos;
    stalledNanos = nowNanos;
    deadlineNanos = nowNanos + request.deadlineMillis() * 1_000_000L;
    credit = Math.max(request.credit(), 0);
  }

  private static Preparation.Ready notReady(int promptTokens) {
    return new Preparation.Ready(
        new TokenList(0), promptTokens, 0, new AnswerText(List.of(), 0), new TokenCounts(), null);
  }

  /** Says where it waits to be made ready. */
  void waitsAtDesk(PromptDesk.Ticket with) {
    ticket = with;
  }

  /** Leaves the queue before the desk, if it stands there: it has ended. */
  void leaveDesk() {
    if (ticket != null) {
      ticket.withdraw();
      ticket = null;
    }
  }

  RunKey key() {
    return request.key();
  }

  String cacheScope() {
    return cacheScope;
  }

  FairShare.Account account() {
    return account;
  }

  boolean isChoiceOfSameRequest(Generation other) {
    return key().link() == other.key().link() && key().run() == other.key().run();
  }

  void makeReady(Preparation.Ready prepared) {
    ticket = null;
    ready = prepared;
  }

  boolean isLate(long nowNanos) {
    return request.deadlineMillis() > 0 && nowNanos - deadlineNanos >= 0;
  }

  void grant(int tokens) {
    credit = (int) Math.min((long) credit + Math.max(tokens, 0), Integer.MAX_VALUE);
  }

  /** Says how long the prompt of an answer was that is complete already. */
  void makeReady(int promptTokens) {
    ready = notReady(promptTokens);
  }

  /** Starts, or goes on, in a slot that has the first {@code slot.cached()} of its tokens. */
  void start(Slot inSlot, long nowNanos) {
    slot = inSlot;
    if (!started) {
      started = true;
      slotNanos = nowNanos;
      cachedPromptTokens = Math.min(inSlot.cached(), ready.promptTokens());
      account.charge(uncached());
    }
    if (isStalled()) {
      stalledNanos = nowNanos;
    }
  }

  /** Says that it lost its slot and waits again. */
  void preempted(long nowNanos) {
    slot = null;
    preemptions++;
    waitingNanos = nowNanos;
  }

  /** How often it lost its slot. */
  int preemptions() {
    return preemptions;
  }

  /** How long it has waited for a slot, the last time. */
  long waitedNanos(long nowNanos) {
    return nowNanos - waitingNanos;
  }

  /**
   * Whether a slot would be of use. One that lost its slot needs credit first: else it would hold
   * the next one idle, too.
   */
  boolean mayStart() {
    return credit > 0 || preemptions == 0;
  }

  /** Whether its client has given no credit. */
  boolean isStalled() {
    return credit == 0;
  }

  /** How long it has held its slot without credit; 0 where it has some. */
  long stalledNanos(long nowNanos) {
    return isStalled() ? nowNanos - stalledNanos : 0;
  }

  @Nullable Slot slot() {
    return slot;
  }

  TokenList tokens() {
    return ready.tokens();
  }

  AnswerText text() {
    return ready.text();
  }

  TokenCounts counts() {
    return ready.counts();
  }

  /** What its next token may be; null: any. */
  @Nullable TokenMask mask() {
    return ready.mask();
  }

  /** Whether its answer has the form that was asked for, and nothing can follow. */
  boolean isComplete() {
    return ready.mask() != null && ready.mask().isComplete();
  }

  /** Whether one token stands before its next one, and it may send that. */
  boolean decodes() {
    return credit > 0 && uncached() == 1;
  }

  /** How many tokens beyond its next one it may send, and has room for. */
  int guessable(int contextTokens) {
    int limit = request.maxTokens();
    int left = limit == 0 ? Integer.MAX_VALUE : limit - answerPosition() - 1;
    return Math.min(Math.min(credit - 1, left), contextTokens - tokens().size() - 1);
  }

  /** Says which tokens of its next step are guessed. */
  void guess(int[] tokens) {
    guess = tokens;
  }

  /** The guessed tokens of the step that was made, whose logits follow those of the last token. */
  int[] takeGuess() {
    int[] taken = guess;
    guess = NO_GUESS;
    return taken;
  }

  /**
   * Tokens that can be computed ahead of the next one of the answer. Without credit the last token
   * of the prompt waits, because its logits would have to wait.
   */
  int prefillable() {
    int uncached = uncached();
    return uncached <= 1 ? 0 : credit > 0 ? uncached : uncached - 1;
  }

  private int uncached() {
    return slot == null ? 0 : tokens().size() - planned();
  }

  /** How many of its tokens are cached after the step that is being planned. */
  int planned() {
    return slot == null ? 0 : slot.planned();
  }

  /** Position of the next token in the answer; a continuation's tokens come before it. */
  int answerPosition() {
    return ready.answered() + completionTokens;
  }

  /**
   * Tokens to be computed before its next one: what is left of the prompt, and again its own after
   * it lost its slot. A request's further choices have theirs from the first.
   */
  int tokensToPrefill() {
    if (slot != null) {
      return prefillable();
    }
    return key().choice() > 0 && !started ? 0 : tokens().size();
  }

  /** Appends a token to the answer. */
  void append(int token, long nowNanos) {
    tokens().add(token);
    account.charge(FairShare.ANSWER_WEIGHT);
    credit--;
    stalledNanos = nowNanos;
    completionTokens++;
    if (Sampler.countsTokens(request.sampling())) {
      counts().answered(token);
    }
    if (ready.mask() != null) {
      ready.mask().accept(token);
    }
    if (completionTokens == 1) {
      firstTokenNanos = nowNanos;
    }
    lastTokenNanos = nowNanos;
  }

  boolean isAtLength(int contextTokens) {
    return tokensLeft(contextTokens) <= 0;
  }

  /** How many tokens its answer may still have. */
  int tokensLeft(int contextTokens) {
    int limit = request.maxTokens() == 0 ? Integer.MAX_VALUE : request.maxTokens();
    return Math.min(limit - answerPosition(), contextTokens - tokens().size());
  }

  /** Says that a token was chosen only so that the answer becomes whole within its length. */
  void shorten() {
    shortened = true;
  }

  /** Whether the model would have said more, had there been more tokens. */
  boolean isShortened() {
    return shortened;
  }

  /** What is told of it when it ends as it should. */
  Ended.Finished finished(FinishReason reason, @Nullable String stop, long nowNanos) {
    long queued = (started ? slotNanos : nowNanos) - arrivedNanos;
    boolean answered = completionTokens > 0;
    long prefill = !started ? 0 : (answered ? firstTokenNanos : nowNanos) - slotNanos;
    long decode = answered ? lastTokenNanos - firstTokenNanos : 0;
    return new Ended.Finished(
        key(),
        reason,
        stop,
        ready.promptTokens(),
        completionTokens,
        cachedPromptTokens,
        queued,
        prefill,
        decode);
  }
}
