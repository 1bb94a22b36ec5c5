package org.cocoon.link.evidence.collateral;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** When collateral is fetched again; every wait is jittered, so that nodes do not ask in step. */
final class RefreshTimes {
  /** How long good collateral is left alone: a revocation is learnt within this time. */
  static final Duration REFRESH_EVERY = Duration.ofHours(6);

  /** The wait after a first failure; it doubles with each further one. */
  static final Duration FIRST_RETRY = Duration.ofSeconds(5);

  /** The longest wait after a failure. */
  static final Duration LONGEST_RETRY = Duration.ofMinutes(10);

  private static final int MAX_DOUBLINGS = 7;

  private final RandomGenerator random;

  RefreshTimes(RandomGenerator random) {
    this.random = random;
  }

  /** After a good fetch: well before the collateral ends. */
  Instant afterSuccess(Instant now, Instant validUntil) {
    Duration half = Duration.between(now, validUntil).dividedBy(2);
    Duration wait = half.compareTo(REFRESH_EVERY) < 0 ? half : REFRESH_EVERY;
    return now.plus(jittered(wait.compareTo(FIRST_RETRY) < 0 ? FIRST_RETRY : wait));
  }

  /** After so many failures in a row, 1 or more. */
  Instant afterFailures(Instant now, int failures) {
    Duration wait = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, MAX_DOUBLINGS));
    return now.plus(jittered(wait.compareTo(LONGEST_RETRY) < 0 ? wait : LONGEST_RETRY));
  }

  /** Half to the whole of a time. */
  private Duration jittered(Duration whole) {
    long half = whole.toMillis() / 2;
    return Duration.ofMillis(half + random.nextLong(half + 1));
  }
}
