package org.cocoon.router.fleet;

/**
 * Keeps requests from a worker that fails by its own fault.
 *
 * <pre>
 * CLOSED     --{@value #FAILURES_TO_OPEN} failures in a row--> OPEN
 * OPEN       --its pause passed---------------------------> HALF_OPEN  (one request may try)
 * HALF_OPEN  --success------------------------------------> CLOSED     (pause back to the least)
 * HALF_OPEN  --failure------------------------------------> OPEN       (pause doubled, bounded)
 * </pre>
 *
 * A client's own fault and a cancel are neither success nor failure. Nor does a lost link count:
 * the breaker ends with its worker's link, and whoever attaches again starts with a new one.
 */
final class Breaker {
  static final int FAILURES_TO_OPEN = 3;
  private static final long LEAST_PAUSE_NANOS = 2_000_000_000L;
  private static final long MOST_PAUSE_NANOS = 60_000_000_000L;

  private int failures;
  private boolean open;
  private boolean trying;
  private long pauseNanos = LEAST_PAUSE_NANOS;
  private long openUntilNanos;

  boolean allows(long nowNanos) {
    return !open || (!trying && nowNanos - openUntilNanos >= 0);
  }

  void dispatched() {
    trying = open;
  }

  void succeeded() {
    failures = 0;
    open = false;
    trying = false;
    pauseNanos = LEAST_PAUSE_NANOS;
  }

  void neutral() {
    trying = false;
  }

  void failed(long nowNanos) {
    if (open && !trying) {
      return; // dispatched before it opened: many that fail at once are one breakage
    }
    failures++;
    if (trying || failures >= FAILURES_TO_OPEN) {
      pauseNanos = open ? Math.min(pauseNanos * 2, MOST_PAUSE_NANOS) : LEAST_PAUSE_NANOS;
      open = true;
      trying = false;
      openUntilNanos = nowNanos + pauseNanos;
    }
  }

  boolean open() {
    return open;
  }
}
