package org.cocoon.link.evidence;

import java.time.Instant;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One level of security versions, and what Intel says of who has reached it.
 *
 * @param svns what must be reached, each one; their meaning is the list's that the level is in
 * @param status what is said then
 * @param date when that became known
 * @param advisories which apply then
 */
record TcbLevel(List<Integer> svns, TcbStatus status, Instant date, SortedSet<String> advisories) {
  TcbLevel {
    svns = List.copyOf(svns);
  }

  /** The finding of several levels at once. */
  TcbLevel mergedWith(TcbLevel other) {
    SortedSet<String> both = new TreeSet<>(advisories);
    both.addAll(other.advisories);
    return new TcbLevel(
        svns, status.mergedWith(other.status), date.isBefore(other.date) ? date : other.date, both);
  }

  /** Whether each version is reached. */
  boolean isReachedBy(List<Integer> actual) {
    return isReachedBy(actual, 0, svns.size());
  }

  /** Whether each version from one index up to another, the last left out, is reached. */
  boolean isReachedBy(List<Integer> actual, int from, int to) {
    for (int i = from; i < to; i++) {
      if (actual.get(i) < svns.get(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether all who reach this level also reach the other. */
  boolean isAtLeast(TcbLevel other) {
    return other.isReachedBy(svns);
  }
}
