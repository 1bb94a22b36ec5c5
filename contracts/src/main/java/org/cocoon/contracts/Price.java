package org.cocoon.contracts;

import java.math.BigInteger;

/**
 * What tokens of one model cost, before a worker's coefficient: nanoTON per million tokens of each
 * kind.
 *
 * <p>{@code cost = ceil(sum of (tokens of a kind x its price) x coefficient / 10^9)}. There is one
 * rounding, up, at the very end, so that a cost is never below what was used and a request is never
 * split to gain by rounding. Only integers are used: within the bounds below every product stays
 * under 2^127, and any language with 128-bit integers gets the same result.
 *
 * @param prompt of tokens that were computed, 0 to {@link #MAX_PER_MILLION}
 * @param cachedPrompt of tokens of the prompt that were not computed again
 * @param completion of delivered tokens
 * @param reasoning of delivered tokens that are thoughts
 */
public record Price(long prompt, long cachedPrompt, long completion, long reasoning) {
  /** A coefficient of 1.0. */
  public static final int UNIT_COEFFICIENT = 1_000;

  /** The largest price of a million tokens: a million TON, below 2^50. */
  public static final long MAX_PER_MILLION = 1_000_000_000_000_000L;

  /** The largest coefficient: 1,000.0, below 2^20. */
  public static final int MAX_COEFFICIENT = 1_000_000;

  /** The most tokens of one kind in one request. */
  public static final long MAX_TOKENS = Integer.MAX_VALUE;

  private static final long DIVISOR = 1_000_000L * UNIT_COEFFICIENT;
  private static final BigInteger BIG_DIVISOR = BigInteger.valueOf(DIVISOR);
  private static final BigInteger BIG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public Price {
    within("prompt price", prompt, MAX_PER_MILLION);
    within("cached prompt price", cachedPrompt, MAX_PER_MILLION);
    within("completion price", completion, MAX_PER_MILLION);
    within("reasoning price", reasoning, MAX_PER_MILLION);
  }

  /** A price at which tokens of all kinds cost the same: nanoTON per million. */
  public static Price perMillion(long nanoton) {
    return new Price(nanoton, nanoton, nanoton, nanoton);
  }

  /**
   * What these tokens cost.
   *
   * @param coefficient the worker's, 1,000 = 1.0, 0 to {@link #MAX_COEFFICIENT}
   * @throws ArithmeticException if that is more nanoTON than a long holds
   * @throws IllegalArgumentException if the coefficient is out of its bounds
   */
  public NanoTon cost(UsedTokens used, int coefficient) {
    within("coefficient", coefficient, MAX_COEFFICIENT);
    long weighted = weighted(used);
    if (weighted >= 0
        && Math.multiplyHigh(weighted, coefficient) == 0
        && weighted * coefficient >= 0) {
      return new NanoTon(Math.ceilDiv(weighted * coefficient, DIVISOR));
    }
    return new NanoTon(bigCost(used, coefficient).longValueExact());
  }

  /**
   * The most that a request can cost: what to hold before it runs. Never below {@link #cost} of the
   * same or fewer tokens, of whatever kinds, at the same or a smaller coefficient; where that would
   * not fit a long, the largest amount there is, which no balance covers.
   *
   * @param promptTokens 0 to {@link #MAX_TOKENS}
   * @param maxCompletionTokens 0 to {@link #MAX_TOKENS}
   * @param maxCoefficient the largest one the client accepts
   */
  public NanoTon atMost(long promptTokens, long maxCompletionTokens, int maxCoefficient) {
    within("coefficient", maxCoefficient, MAX_COEFFICIENT);
    Price dearest =
        new Price(Math.max(prompt, cachedPrompt), 0, Math.max(completion, reasoning), 0);
    UsedTokens most = UsedTokens.of(promptTokens, maxCompletionTokens);
    return new NanoTon(dearest.bigCost(most, maxCoefficient).min(BIG_MAX).longValue());
  }

  /** Tokens times prices where that fits a long, as all realistic ones do; else -1. */
  private long weighted(UsedTokens used) {
    long sum = 0;
    long[] counts = counts(used);
    long[] prices = {prompt, cachedPrompt, completion, reasoning};
    for (int kind = 0; kind < counts.length; kind++) {
      long product = counts[kind] * prices[kind];
      if (Math.multiplyHigh(counts[kind], prices[kind]) != 0 || product < 0) {
        return -1;
      }
      sum += product;
      if (sum < 0) {
        return -1;
      }
    }
    return sum;
  }

  private BigInteger bigCost(UsedTokens used, int coefficient) {
    BigInteger sum = BigInteger.ZERO;
    long[] counts = counts(used);
    long[] prices = {prompt, cachedPrompt, completion, reasoning};
    for (int kind = 0; kind < counts.length; kind++) {
      sum = sum.add(BigInteger.valueOf(counts[kind]).multiply(BigInteger.valueOf(prices[kind])));
    }
    BigInteger[] cost =
        sum.multiply(BigInteger.valueOf(coefficient)).divideAndRemainder(BIG_DIVISOR);
    return cost[1].signum() == 0 ? cost[0] : cost[0].add(BigInteger.ONE);
  }

  private static long[] counts(UsedTokens used) {
    return new long[] {
      used.prompt() - used.cachedPrompt(),
      used.cachedPrompt(),
      used.completion() - used.reasoning(),
      used.reasoning()
    };
  }

  static void within(String name, long value, long max) {
    if (value < 0 || value > max) {
      throw new IllegalArgumentException(name + ": 0 to " + max + ", not " + value);
    }
  }
}
