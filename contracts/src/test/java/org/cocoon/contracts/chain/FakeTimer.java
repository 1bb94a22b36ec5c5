package org.cocoon.contracts.chain;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Time that passes only when somebody sleeps. */
final class FakeTimer implements Timer {
  final List<Duration> slept = new CopyOnWriteArrayList<>();
  private final AtomicLong now = new AtomicLong(123);
  private volatile Runnable onSleep = () -> {};

  /** Something that happens whenever somebody sleeps. */
  void onSleep(Runnable action) {
    onSleep = action;
  }

  @Override
  public long nanoTime() {
    return now.get();
  }

  @Override
  public void sleep(Duration time) {
    slept.add(time);
    now.addAndGet(time.toNanos());
    onSleep.run();
  }
}
