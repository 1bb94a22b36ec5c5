package org.cocoon.contracts;

import java.math.BigInteger;

/**
 * What tokens of one model cost, before a worker's coefficient.
 *
 * <p>{@code cost = ceil((promptTokens x promptMultiplier + completionTokens x completionMultiplier)
 * x coefficient x nanotonPerToken / 10^7)}. There is one rounding, up, at the very end, so that a
 * cost is never below what was used and a request is never split to gain by rounding. Only integers
 * are used: within the bounds below every product stays under 2^127, and any language with 128-bit
 * integers gets the same result.
 *
 * @param nanotonPerToken nanoTON for a token at multiplier and coefficient 1.0, 0 to {@link
 *     #MAX_NANOTON_PER_TOKEN}
 * @param promptMultiplier for tokens of the prompt, 10,000 = 1.0, 0 to {@link #MAX_MULTIPLIER}
 * @param completionMultiplier for delivered tokens, 10,000 = 1.0, 0 to {@link #MAX_MULTIPLIER}
 */
public record Price(long nanotonPerToken, int promptMultiplier, int completionMultiplier) {
  /** A multiplier of 1.0. */
  public static final int UNIT_MULTIPLIER = 10_000;

  /** A coefficient of 1.0. */
  public static final int UNIT_COEFFICIENT = 1_000;

  /** The largest price of a token: a million TON, below 2^50. */
  public static final long MAX_NANOTON_PER_TOKEN = 1_000_000_000_000_000L;

  /** The largest multiplier: 100.0, below 2^20. */
  public static final int MAX_MULTIPLIER = 1_000_000;

  /** The largest coefficient: 1,000.0, below 2^20. */
  public static final int MAX_COEFFICIENT = 1_000_000;

  /** The most tokens of one kind in one request. */
  public static final long MAX_TOKENS = Integer.MAX_VALUE;

  private static final long DIVISOR = (long) UNIT_MULTIPLIER * UNIT_COEFFICIENT;
  private static final BigInteger BIG_DIVISOR = BigInteger.valueOf(DIVISOR);
  private static final BigInteger BIG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public Price {
    within("nanotonPerToken", nanotonPerToken, MAX_NANOTON_PER_TOKEN);
    within("promptMultiplier", promptMultiplier, MAX_MULTIPLIER);
    within("completionMultiplier", completionMultiplier, MAX_MULTIPLIER);
  }

  /** A price at which tokens of the prompt and delivered ones cost the same. */
  public static Price perToken(long nanotonPerToken) {
    return new Price(nanotonPerToken, UNIT_MULTIPLIER, UNIT_MULTIPLIER);
  }

  /**
   * What these tokens cost.
   *
   * @param promptTokens 0 to {@link #MAX_TOKENS}
   * @param completionTokens 0 to {@link #MAX_TOKENS}
   * @param coefficient the worker's, 1,000 = 1.0, 0 to {@link #MAX_COEFFICIENT}
   * @throws ArithmeticException if that is more nanoTON than a long holds
   * @throws IllegalArgumentException if an argument is out of its bounds
   */
  public NanoTon cost(long promptTokens, long completionTokens, int coefficient) {
    long small = smallCost(promptTokens, completionTokens, coefficient);
    return new NanoTon(
        small >= 0 ? small : bigCost(promptTokens, completionTokens, coefficient).longValueExact());
  }

  /**
   * The most that a request can cost: what to hold before it runs. Never below {@link #cost} of the
   * same or fewer tokens at the same or a smaller coefficient; where that would not fit a long, the
   * largest amount there is, which no balance covers.
   *
   * @param promptTokens 0 to {@link #MAX_TOKENS}
   * @param maxCompletionTokens 0 to {@link #MAX_TOKENS}
   * @param maxCoefficient the largest one the client accepts
   */
  public NanoTon atMost(long promptTokens, long maxCompletionTokens, int maxCoefficient) {
    long small = smallCost(promptTokens, maxCompletionTokens, maxCoefficient);
    return new NanoTon(
        small >= 0
            ? small
            : bigCost(promptTokens, maxCompletionTokens, maxCoefficient).min(BIG_MAX).longValue());
  }

  /** The cost where every product fits a long, as all realistic ones do; else -1. */
  private long smallCost(long promptTokens, long completionTokens, int coefficient) {
    within("promptTokens", promptTokens, MAX_TOKENS);
    within("completionTokens", completionTokens, MAX_TOKENS);
    within("coefficient", coefficient, MAX_COEFFICIENT);
    long weighted = weighted(promptTokens, completionTokens);
    long rate = coefficient * nanotonPerToken;
    if (Math.multiplyHigh(coefficient, nanotonPerToken) != 0
        || rate < 0
        || Math.multiplyHigh(weighted, rate) != 0
        || weighted * rate < 0) {
      return -1;
    }
    return Math.ceilDiv(weighted * rate, DIVISOR);
  }

  private BigInteger bigCost(long promptTokens, long completionTokens, int coefficient) {
    BigInteger[] cost =
        BigInteger.valueOf(weighted(promptTokens, completionTokens))
            .multiply(BigInteger.valueOf(coefficient))
            .multiply(BigInteger.valueOf(nanotonPerToken))
            .divideAndRemainder(BIG_DIVISOR);
    return cost[1].signum() == 0 ? cost[0] : cost[0].add(BigInteger.ONE);
  }

  /** Below 2^52: 31 bits of tokens times 20 bits of multiplier, twice. */
  private long weighted(long promptTokens, long completionTokens) {
    return promptTokens * promptMultiplier + completionTokens * completionMultiplier;
  }

  private static void within(String name, long value, long max) {
    if (value < 0 || value > max) {
      throw new IllegalArgumentException(name + ": 0 to " + max + ", not " + value);
    }
  }
}
