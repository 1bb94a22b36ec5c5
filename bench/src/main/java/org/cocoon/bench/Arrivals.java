package org.cocoon.bench;

import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** When requests are to be sent. */
sealed interface Arrivals {
  /** How this is called in reports. */
  String describe();

  /** A fixed number of clients, each asking again as soon as it was answered. */
  record Closed(int concurrency) implements Arrivals {
    /** Checks the number. */
    public Closed {
      if (concurrency < 1) {
        throw new IllegalArgumentException("concurrency must be at least 1: " + concurrency);
      }
    }

    @Override
    public String describe() {
      return "closed loop, " + concurrency + " at a time";
    }
  }

  /**
   * A schedule that does not wait for answers.
   *
   * @param perSecond mean rate, more than 0
   * @param spacing how requests are spaced
   */
  record Open(double perSecond, Spacing spacing) implements Arrivals {
    /** Checks the rate. */
    public Open {
      if (!(perSecond > 0 && perSecond <= 1e6)) {
        throw new IllegalArgumentException("rate must be more than 0, to 1e6: " + perSecond);
      }
    }

    @Override
    public String describe() {
      return String.format(
          Locale.ROOT,
          "open loop, %s requests/s, %s",
          Figures.number(perSecond),
          spacing == Spacing.POISSON ? "Poisson" : "constant spacing");
    }

    /**
     * The schedule: each call gives the next request's time after the first, in nanoseconds. The
     * first is 0.
     */
    LongSupplier offsets(long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      double meanNanos = 1e9 / perSecond;
      double[] next = {0};
      long[] count = {0};
      return switch (spacing) {
        case CONSTANT -> () -> Math.round(count[0]++ * meanNanos);
        case POISSON ->
            () -> {
              long offset = Math.round(next[0]);
              next[0] += -Math.log1p(-random.nextDouble()) * meanNanos;
              return offset;
            };
      };
    }
  }

  /** How an open loop spaces its requests. */
  enum Spacing {
    /** Exponential gaps: independent clients. */
    POISSON,
    /** Equal gaps. */
    CONSTANT
  }
}
