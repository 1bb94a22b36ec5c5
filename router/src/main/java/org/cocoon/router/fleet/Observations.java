package org.cocoon.router.fleet;

/**
 * Rates of one model of a worker as this router saw them: exponentially weighted means over
 * finished runs, with a prior until the first one. A worker's own figures are not used.
 */
final class Observations {
  private static final double WEIGHT = 0.2;
  private static final int LEAST_TOKENS = 8;

  private double prefillTokensPerSecond = 400;
  private double streamTokensPerSecond = 50;
  private double concurrency = 1;
  private long windowTokens;
  private double tokensPerSecond;

  /** A first token came. */
  void firstToken(int promptTokens, long nanosSinceDispatch) {
    double rate = promptTokens * 1e9 / Math.max(nanosSinceDispatch, 1);
    prefillTokensPerSecond += WEIGHT * (Math.max(rate, 1) - prefillTokensPerSecond);
  }

  /** A run of enough tokens to measure ended. */
  void finished(long tokens, long nanosFirstToLast, int runsBeside) {
    if (tokens < LEAST_TOKENS || nanosFirstToLast <= 0) {
      return;
    }
    double rate = (tokens - 1) * 1e9 / nanosFirstToLast;
    streamTokensPerSecond += WEIGHT * (Math.max(rate, 0.1) - streamTokensPerSecond);
    concurrency += WEIGHT * (runsBeside + 1 - concurrency);
  }

  void tokens(int count) {
    windowTokens += count;
  }

  /** Ends a window of so many nanoseconds. */
  void tick(long windowNanos) {
    tokensPerSecond = windowTokens * 1e9 / Math.max(windowNanos, 1);
    windowTokens = 0;
  }

  /** Tokens a second of all runs together, over the last window. */
  double tokensPerSecond() {
    return tokensPerSecond;
  }

  double prefillTokensPerSecond() {
    return prefillTokensPerSecond;
  }

  /**
   * What a stream gets when so many share the worker: the observed rate, scaled as if the worker
   * had one rate to share beyond the concurrency at which it was observed.
   */
  double streamTokensPerSecond(int streams) {
    return streamTokensPerSecond * Math.min(1, concurrency / Math.max(streams, 1));
  }
}
