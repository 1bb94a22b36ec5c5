package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.cocoon.backend.StepBatch;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * Chooses an answer's next tokens from the rows of a step.
 *
 * <p>Mostly that is one. Where tokens were guessed and computed with it, each row after the first
 * counts as long as the token chosen before it is the guessed one: then it is the row that the next
 * step would have had. So the answer is the same with and without guesses, as far as the backend's
 * logits do not depend on how tokens are put into batches. One thread.
 */
final class AnswerStep {
  private static final int[] NO_IDS = new int[0];

  private final TokenTable tokens;
  private final int contextTokens;
  private final LogitRow row;
  private final Sampler sampler;
  private final Logprobs logprobs;

  AnswerStep(StepBatch batch, TokenTable tokens) {
    this.tokens = tokens;
    contextTokens = batch.limits().contextTokens();
    row = new LogitRow(batch);
    sampler = new Sampler(row);
    logprobs = new Logprobs(row, tokens);
  }

  /**
   * What came of an answer in a step.
   *
   * @param ids its new tokens
   * @param logprobs of each, if asked for
   * @param right how many guessed tokens are among them or end it
   * @param end how it ended, or null where it goes on
   */
  record Chosen(int[] ids, List<TokenLogprob> logprobs, int right, @Nullable End end) {}

  /** How an answer ends. */
  sealed interface End {
    /** As it should. */
    record Finished(FinishReason reason, @Nullable String stop) implements End {}

    /** No token of the model goes on with the form that was asked for. */
    record NoToken() implements End {}
  }

  /**
   * Appends tokens to an answer.
   *
   * @param firstRow its first row, which its guesses' rows follow
   */
  Chosen choose(Generation generation, int firstRow, int[] guess, long now) {
    int[] ids = new int[1 + guess.length];
    List<TokenLogprob> told =
        generation.request.logprobs() ? new ArrayList<>(ids.length) : List.of();
    int count = 0;
    int right = 0;
    while (true) {
      row.load(firstRow + right);
      int before = generation.tokens().size();
      End end = next(generation, told, now);
      if (generation.tokens().size() > before) {
        ids[count++] = generation.tokens().get(before);
      }
      if (end != null || right == guess.length || ids[count - 1] != guess[right]) {
        int[] all = count == ids.length ? ids : count == 0 ? NO_IDS : Arrays.copyOf(ids, count);
        return new Chosen(all, told, right, end);
      }
      right++;
    }
  }

  /** Appends the next token from the row just loaded, unless that is the end. */
  private @Nullable End next(Generation generation, List<TokenLogprob> told, long now) {
    GenerationRequest request = generation.request;
    int token = token(generation);
    if (token < 0) {
      return new End.NoToken();
    }
    if (!request.ignoreEos() && tokens.endsGeneration(token)) {
      return byItself(generation);
    }
    if (request.logprobs()) {
      told.add(logprobs.describe(token, request.topLogprobs()));
    }
    generation.append(token, now);
    AnswerText text = generation.text();
    text.feed(tokens.piece(token));
    if (text.matched() != null) {
      return new End.Finished(FinishReason.STOP, text.matched());
    }
    if (generation.isComplete()) {
      return byItself(generation);
    }
    return generation.isAtLength(contextTokens)
        ? new End.Finished(FinishReason.LENGTH, null)
        : null;
  }

  /** Ends an answer to which nothing is to be added; perhaps because it had no more tokens. */
  private static End byItself(Generation generation) {
    return new End.Finished(
        generation.isShortened() ? FinishReason.LENGTH : FinishReason.STOP, null);
  }

  /** Chooses from the row just loaded; -1 where the answer's form allows no token at all. */
  private int token(Generation generation) {
    TokenMask mask = generation.mask();
    if (mask == null) {
      return choose(generation, null);
    }
    int token = masked(generation, mask, mask.allowed());
    int left = generation.tokensLeft(contextTokens);
    if (token < 0 || mask.endsWithin(token, left)) {
      return token;
    }
    row.reload();
    int shorter = masked(generation, mask, mask.allowedWithin(left));
    if (shorter < 0) {
      return token; // the vocabulary has no tokens of single bytes
    }
    generation.shorten();
    return shorter;
  }

  private int masked(Generation generation, TokenMask mask, long[] allowed) {
    int token = choose(generation, allowed);
    return token < 0 ? mask.fallback(allowed) : token;
  }

  private int choose(Generation generation, long @Nullable [] allowed) {
    return sampler.choose(
        generation.request.sampling(), generation.counts(), generation.answerPosition(), allowed);
  }
}
