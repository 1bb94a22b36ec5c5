package org.cocoon.backend;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes steps take the time that a GPU would take.
 *
 * <p>Steps that follow each other closely end on a fixed beat, so that the rate is exact although
 * each wait wakes up a little late.
 */
final class Pace {
  /** A step that starts within this part of a period after the last beat keeps the beat. */
  private static final int BEAT_TOLERANCE = 8;

  private final Clock clock;
  private final long periodNanos;
  private final long firstTokenNanos;
  private long lastDueNanos;
  private boolean beating;

  /** Monotonic time and a wait for it. */
  interface Clock {
    /** The machine's. */
    Clock SYSTEM =
        new Clock() {
          @Override
          public long nanoTime() {
            return System.nanoTime();
          }

          @Override
          public void park(long nanos) {
            LockSupport.parkNanos(nanos);
          }
        };

    long nanoTime();

    /** Returns after about so long, or earlier. */
    void park(long nanos);
  }

  Pace(int tokensPerSecond, int firstTokenMillis, Clock clock) {
    this.clock = clock;
    periodNanos = tokensPerSecond == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / tokensPerSecond;
    firstTokenNanos = TimeUnit.MILLISECONDS.toNanos(firstTokenMillis);
  }

  /** The time at which a step starts; 0 where nothing is paced. */
  long start() {
    return periodNanos == 0 && firstTokenNanos == 0 ? 0 : clock.nanoTime();
  }

  /**
   * Waits until a step is due, or the thread is interrupted.
   *
   * @param startNanos what {@link #start} returned
   * @param endsPrompt whether the step gives a first token
   */
  void end(long startNanos, boolean endsPrompt) {
    long leastNanos = endsPrompt ? Math.max(periodNanos, firstTokenNanos) : periodNanos;
    if (leastNanos == 0) {
      return;
    }
    boolean onBeat = beating && startNanos - lastDueNanos < periodNanos / BEAT_TOLERANCE;
    lastDueNanos = (onBeat ? lastDueNanos : startNanos) + leastNanos;
    beating = true;
    long left = lastDueNanos - clock.nanoTime();
    while (left > 0 && !Thread.currentThread().isInterrupted()) {
      clock.park(left);
      left = lastDueNanos - clock.nanoTime();
    }
  }
}
