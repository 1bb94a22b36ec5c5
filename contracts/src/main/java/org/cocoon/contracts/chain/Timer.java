package org.cocoon.contracts.chain;

import java.time.Duration;

/** Time as retries and polling see it. Any thread. */
interface Timer {
  /** This machine's. */
  Timer SYSTEM =
      new Timer() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
          Thread.sleep(time);
        }
      };

  /** As {@link System#nanoTime()}. */
  long nanoTime();

  /** As {@link Thread#sleep(Duration)}. */
  void sleep(Duration time) throws InterruptedException;

  /** Sleeps, or fails as unreachable when the thread is interrupted. */
  default void pause(Duration time) throws ChainException {
    try {
      sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainException(
          ChainException.Kind.UNREACHABLE, "interrupted while waiting for the chain", e);
    }
  }
}
