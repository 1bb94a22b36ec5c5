package org.cocoon.worker.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds where an ordering by likelihood is to be cut, without sorting it.
 *
 * <p>Entries fall into buckets by their distance below the most likely one; adding up buckets finds
 * the one in which the limit is crossed, and only that one is sorted. So a cut takes one pass and a
 * little, however flat the distribution is. One thread.
 */
final class LikelihoodCut {
  private static final int BUCKETS = 2048;

  private final double[] sums = new double[BUCKETS];
  private final long[] sorted;
  private final float scale;

  /**
   * Prepares for rows.
   *
   * @param capacity entries at most
   * @param floor the lowest distance that occurs, negative
   */
  LikelihoodCut(int capacity, float floor) {
    sorted = new long[capacity];
    scale = (BUCKETS - 1) / -floor;
  }

  /**
   * The last entry that is kept.
   *
   * @param distance its distance; larger ones are kept
   * @param index its index; of equal distances, smaller ones are kept
   */
  record Point(float distance, int index) {}

  /** Keeps the {@code count} most likely of {@code size} entries. */
  Point mostLikely(float[] distances, int size, int count) {
    Arrays.fill(sums, 0);
    for (int i = 0; i < size; i++) {
      sums[bucket(distances[i])]++;
    }
    return find(distances, null, size, count);
  }

  /** Keeps the fewest most likely entries whose weights come to {@code mass}. */
  Point nucleus(float[] distances, double[] weights, int size, double mass) {
    Arrays.fill(sums, 0);
    for (int i = 0; i < size; i++) {
      sums[bucket(distances[i])] += weights[i];
    }
    return find(distances, weights, size, mass);
  }

  private Point find(float[] distances, double @Nullable [] weights, int size, double limit) {
    int crossing = 0;
    double before = 0;
    while (crossing < BUCKETS - 1 && before + sums[crossing] < limit) {
      before += sums[crossing++];
    }
    int count = 0;
    for (int i = 0; i < size; i++) {
      if (bucket(distances[i]) == crossing) {
        sorted[count++] = key(distances[i], i);
      }
    }
    if (count == 0) {
      // Rounding left the limit just above the sum of everything: nothing is cut.
      return new Point(Float.NEGATIVE_INFINITY, 0);
    }
    Arrays.sort(sorted, 0, count);
    int last = 0;
    double sum = before;
    while (true) {
      int index = (int) sorted[last];
      sum += weights == null ? 1 : weights[index];
      if (sum >= limit || last == count - 1) {
        return new Point(distances[index], index);
      }
      last++;
    }
  }

  private int bucket(float distance) {
    return Math.min((int) (-distance * scale), BUCKETS - 1);
  }

  /** Orders by distance, largest first, then by index: floats below zero grow with their bits. */
  private static long key(float distance, int index) {
    return (long) Float.floatToRawIntBits(-distance) << 32 | index;
  }
}
