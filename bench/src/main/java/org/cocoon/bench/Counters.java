package org.cocoon.bench;

import java.util.concurrent.atomic.LongAdder;

/** A run's progress for people who watch it; any thread. */
final class Counters {
  private final LongAdder sent = new LongAdder();
  private final LongAdder finished = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder chunks = new LongAdder();

  void countSent() {
    sent.increment();
  }

  void countFinished(boolean succeeded) {
    finished.increment();
    if (!succeeded) {
      failed.increment();
    }
  }

  void countChunks(long more) {
    if (more != 0) {
      chunks.add(more);
    }
  }

  long sent() {
    return sent.sum();
  }

  long finished() {
    return finished.sum();
  }

  long failed() {
    return failed.sum();
  }

  /** Pieces of text so far. */
  long chunks() {
    return chunks.sum();
  }
}
