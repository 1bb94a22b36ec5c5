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
 * RUNNING    end token, stop string, length  ended
 * any        cancelled, deadline, engine     ended
 * </pre>
 *
 * <p>A running generation's tokens beyond those that its slot has cached are still to be computed.
 * One such token is a decode, whose logits give the next token and which takes credit; more are
 * prefill.
 */
final class Generation {
  final GenerationRequest request;
  final long arrivedNanos;
  final long deadlineNanos;
  private Preparation.Ready ready = notReady(0);
  private @Nullable Slot slot;
  private int credit;
  private int completionTokens;
  private int cachedPromptTokens;
  private long slotNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;

  Generation(GenerationRequest request, long nowNanos) {
    this.request = request;
    arrivedNanos = nowNanos;
    deadlineNanos = nowNanos + request.deadlineMillis() * 1_000_000L;
    credit = Math.max(request.credit(), 0);
  }

  private static Preparation.Ready notReady(int promptTokens) {
    return new Preparation.Ready(
        new TokenList(0), promptTokens, new AnswerText(List.of(), 0), new TokenCounts(), null);
  }

  RunKey key() {
    return request.key();
  }

  String cacheScope() {
    return request.cacheScope();
  }

  void makeReady(Preparation.Ready prepared) {
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

  /** Says that the step which was scheduled has been made. */
  void computed() {
    if (slot != null) {
      slot.computed();
    }
  }

  /** Starts in a slot that has the first {@code slot.cached()} of its tokens. */
  void start(Slot inSlot, long nowNanos) {
    slot = inSlot;
    slotNanos = nowNanos;
    cachedPromptTokens = Math.min(inSlot.cached(), ready.promptTokens());
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

  /**
   * Tokens that can be computed ahead of the next one of the answer. Without credit the last token
   * of the prompt waits, because its logits would have to wait.
   */
  int prefillable() {
    int uncached = uncached();
    return uncached <= 1 ? 0 : credit > 0 ? uncached : uncached - 1;
  }

  private int uncached() {
    return slot == null ? 0 : tokens().size() - slot.cached();
  }

  /** Position of the next token in the answer; a continuation's tokens come before it. */
  int answerPosition() {
    return tokens().size() - ready.promptTokens();
  }

  /** Prompt tokens that are still to be computed. */
  int uncachedPromptTokens() {
    return Math.max(ready.promptTokens() - (slot == null ? 0 : slot.cached()), 0);
  }

  /** Appends a token to the answer. */
  void append(int token, long nowNanos) {
    tokens().add(token);
    credit--;
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
    int limit = request.maxTokens();
    return (limit > 0 && answerPosition() >= limit) || tokens().size() >= contextTokens;
  }

  /** What is told of it when it ends as it should. */
  Ended.Finished finished(FinishReason reason, @Nullable String stop, long nowNanos) {
    long queued = (slot == null ? nowNanos : slotNanos) - arrivedNanos;
    boolean answered = completionTokens > 0;
    long prefill = slot == null ? 0 : (answered ? firstTokenNanos : nowNanos) - slotNanos;
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
