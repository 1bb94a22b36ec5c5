package org.cocoon.worker.engine;

import java.util.Arrays;

/** Counts events over the last second, in tenths of it. Any thread. */
public final class RateMeter {
  private static final int BUCKETS = 10;
  private static final long BUCKET_NANOS = 1_000_000_000L / BUCKETS;

  private final long[] counts = new long[BUCKETS];
  private final long[] stamps = new long[BUCKETS];

  /** Counts from nothing. */
  public RateMeter() {
    Arrays.fill(stamps, Long.MIN_VALUE);
  }

  /** Counts events at a time of a monotonic clock. */
  public synchronized void add(long events, long nowNanos) {
    long stamp = Math.floorDiv(nowNanos, BUCKET_NANOS);
    int bucket = Math.floorMod(stamp, BUCKETS);
    if (stamps[bucket] != stamp) {
      stamps[bucket] = stamp;
      counts[bucket] = 0;
    }
    counts[bucket] += events;
  }

  /** Events in the second before a time of the same clock. */
  public synchronized int perSecond(long nowNanos) {
    long stamp = Math.floorDiv(nowNanos, BUCKET_NANOS);
    long sum = 0;
    for (int i = 0; i < BUCKETS; i++) {
      if (stamps[i] > stamp - BUCKETS && stamps[i] <= stamp) {
        sum += counts[i];
      }
    }
    return (int) Math.min(sum, Integer.MAX_VALUE);
  }
}
