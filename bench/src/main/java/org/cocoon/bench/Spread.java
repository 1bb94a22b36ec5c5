package org.cocoon.bench;

import java.util.stream.DoubleStream;

/**
 * The median of some figures, and the quartiles around it: on a shared machine, extremes tell of
 * its others.
 */
record Spread(double lower, double median, double upper) {

  /** Of at least one figure. */
  static Spread of(DoubleStream figures) {
    double[] sorted = figures.sorted().toArray();
    return new Spread(quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
  }

  /** By linear interpolation between the two closest of the sorted values. */
  private static double quantile(double[] sorted, double part) {
    double place = part * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
