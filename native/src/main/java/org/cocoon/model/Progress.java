package org.cocoon.model;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Tells how far long work is: rewrites one line of a terminal, or prints every tenth elsewhere. Any
 * thread may report to it.
 */
final class Progress implements LongConsumer, AutoCloseable {
  /** Work that is over before anybody wonders: a file of output needs no line about it. */
  private static final long SHORT_BYTES = 100_000_000;

  private static final long TERMINAL_NANOS = 200_000_000;

  private final PrintWriter out;
  private final String what;
  private final long total;
  private final boolean terminal;
  private final long startNanos = System.nanoTime();
  private final AtomicLong shown = new AtomicLong(-1);

  Progress(PrintWriter out, String what, long total) {
    this.out = out;
    this.what = what;
    this.total = Math.max(1, total);
    // There is none where output goes to a file.
    terminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  }

  @Override
  public void accept(long done) {
    if (!terminal && total < SHORT_BYTES) {
      return;
    }
    long step = terminal ? (System.nanoTime() - startNanos) / TERMINAL_NANOS : 10 * done / total;
    long before = shown.get();
    if (step > before && shown.compareAndSet(before, step)) {
      out.printf(
          terminal ? "\r%s: %d of %d MB " : "%s: %d of %d MB%n",
          what,
          done / 1_000_000,
          total / 1_000_000);
      out.flush();
    }
  }

  @Override
  public void close() {
    if (terminal) {
      out.print("\r\033[K");
      out.flush();
    }
  }
}
