package org.cocoon.bench;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** Tells a person how far a run is: one updating line on a terminal, else a line now and then. */
final class Progress {
  private static final long TERMINAL_NANOS = 200_000_000L;
  private static final long PLAIN_NANOS = 5_000_000_000L;
  private static final String ERASE_LINE = "\r\u001b[K";

  private final Counters counters;
  private final long total;
  private final PrintStream out;
  private final boolean terminal;
  private final Thread thread;
  private long lastNanos = System.nanoTime();
  private long lastChunks;
  private volatile boolean ended;

  /**
   * Starts to tell.
   *
   * @param total requests in the run
   * @param terminal whether lines can be rewritten
   */
  Progress(Counters counters, long total, PrintStream out, boolean terminal) {
    this.counters = counters;
    this.total = total;
    this.out = out;
    this.terminal = terminal;
    this.thread = Thread.ofPlatform().daemon().name("progress").start(this::tell);
  }

  private void tell() {
    long period = terminal ? TERMINAL_NANOS : PLAIN_NANOS;
    long next = System.nanoTime() + period;
    while (!ended) {
      long left = next - System.nanoTime();
      if (left > 0) {
        LockSupport.parkNanos(left);
        continue;
      }
      next += period;
      out.print(terminal ? ERASE_LINE + line() : line() + System.lineSeparator());
      out.flush();
    }
  }

  private String line() {
    long now = System.nanoTime();
    long chunks = counters.chunks();
    double perSecond = (chunks - lastChunks) * 1e9 / Math.max(1, now - lastNanos);
    lastNanos = now;
    lastChunks = chunks;
    return String.format(
        Locale.ROOT,
        "%,d of %,d ended, %,d under way, %,d failed, %,.0f pieces/s",
        counters.finished(),
        total,
        counters.sent() - counters.finished(),
        counters.failed(),
        perSecond);
  }

  /** Stops telling, and clears the line. */
  void end() throws InterruptedException {
    ended = true;
    LockSupport.unpark(thread);
    thread.join();
    if (terminal) {
      out.print(ERASE_LINE);
      out.flush();
    }
  }
}
