package org.cocoon.worker.engine;

import java.util.Map;

/**
 * How the next token is chosen. The draw for the token at answer position p is a pure function of
 * (seed, p), so that a continuation on another worker draws the same.
 *
 * @param temperature 0: greedy
 * @param topP nucleus, 1: off
 * @param topK 0: off
 * @param minP relative to the most likely token, 0: off
 * @param seed of the draws
 * @param frequencyPenalty OpenAI's, over the answer's tokens
 * @param presencePenalty OpenAI's, over the answer's tokens
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens seen in prompt
 *     or answer (CTRL, arXiv:1909.05858); 1: off
 * @param logitBias added to logits, by token id
 */
public record Sampling(
    float temperature,
    float topP,
    int topK,
    float minP,
    long seed,
    float frequencyPenalty,
    float presencePenalty,
    float repetitionPenalty,
    Map<Integer, Float> logitBias) {

  /** The most likely token each time. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of());

  /** The same with another seed. */
  public Sampling withSeed(long other) {
    return new Sampling(
        temperature,
        topP,
        topK,
        minP,
        other,
        frequencyPenalty,
        presencePenalty,
        repetitionPenalty,
        logitBias);
  }
}
