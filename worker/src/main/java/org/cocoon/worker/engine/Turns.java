package org.cocoon.worker.engine;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Has the steps of several engines take turns on one processor, in the order in which they ask.
 *
 * <p>Threads that wait for each other inside a step spin, so two engines that compute at once on
 * the same cores slow each other far more than by half; and cores that are split between them lie
 * idle whenever one has nothing to do. So each engine's step has all of the threads, and between
 * two steps of one there is at most one of each other. Any thread.
 */
public final class Turns {
  private final ReentrantLock lock = new ReentrantLock(true);

  /** Waits until nobody else computes. */
  void take() {
    lock.lock();
  }

  /** Lets the next one compute. */
  void end() {
    lock.unlock();
  }
}
