package org.cocoon.bench;

import java.util.OptionalDouble;
import org.HdrHistogram.Histogram;

/**
 * The durations of one kind in a run, in nanoseconds, to three digits (HdrHistogram). Those above
 * an hour count as an hour.
 */
final class Distribution {
  /**
   * The samples that a 99th percentile needs: with fewer, one or two stragglers decide it. A 99.9th
   * needs ten times as many.
   */
  static final long MIN_SAMPLES_P99 = 662;

  private static final long LEAST_NANOS = 1;
  private static final long MOST_NANOS = 3_600_000_000_000L;

  private final Histogram histogram;

  /** Takes a histogram of {@link #histogram()}, no longer written to. */
  Distribution(Histogram histogram) {
    this.histogram = histogram;
  }

  /** An empty histogram with this class's range. */
  static Histogram histogram() {
    return new Histogram(LEAST_NANOS, MOST_NANOS, 3);
  }

  /** Records a duration, cut to the range. */
  static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.clamp(nanos, 0, MOST_NANOS));
  }

  long count() {
    return histogram.getTotalCount();
  }

  /**
   * The duration that this share of the samples does not exceed, in nanoseconds; empty where the
   * samples are too few to tell.
   *
   * @param percentile 0 to 100
   */
  OptionalDouble percentile(double percentile) {
    long needed = percentile > 99 ? 10 * MIN_SAMPLES_P99 : percentile == 99 ? MIN_SAMPLES_P99 : 1;
    return count() < needed
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) histogram.getValueAtPercentile(percentile));
  }

  /** In nanoseconds; empty without samples. */
  OptionalDouble mean() {
    return count() == 0 ? OptionalDouble.empty() : OptionalDouble.of(histogram.getMean());
  }

  /** In nanoseconds; empty without samples. */
  OptionalDouble max() {
    return count() == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) histogram.getMaxValue());
  }

  /** In nanoseconds; empty without samples. */
  OptionalDouble min() {
    return count() == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) histogram.getMinValue());
  }
}
