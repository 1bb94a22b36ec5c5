package org.cocoon.contracts.chain;

import java.time.Duration;

/** A rate limit: so many in a second, and not more than a second's worth at once. Any thread. */
final class TokenBucket {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final Timer timer;
  private final long nanosPerToken;
  private final long burstNanos;
  private long nextFree;

  TokenBucket(Timer timer, double perSecond) {
    this.timer = timer;
    this.nanosPerToken = (long) (NANOS_PER_SECOND / perSecond);
    this.burstNanos = Math.max(NANOS_PER_SECOND - nanosPerToken, 0);
    this.nextFree = timer.nanoTime() - burstNanos;
  }

  /** Waits for a token, in the order of asking. */
  void take() throws ChainException {
    Duration wait = reserve();
    if (wait.isPositive()) {
      timer.pause(wait);
    }
  }

  private synchronized Duration reserve() {
    long now = timer.nanoTime();
    if (nextFree - (now - burstNanos) < 0) {
      nextFree = now - burstNanos;
    }
    Duration wait = Duration.ofNanos(nextFree - now);
    nextFree += nanosPerToken;
    return wait;
  }
}
