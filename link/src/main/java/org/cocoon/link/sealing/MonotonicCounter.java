package org.cocoon.link.sealing;

import java.io.IOException;

/**
 * Counters that only go up, kept where whoever can set back the sealed files cannot set them back.
 */
public interface MonotonicCounter {

  /**
   * The value of a counter, 0 before its first advance.
   *
   * @throws IOException if it cannot be asked
   */
  long current(String name) throws IOException;

  /**
   * Moves a counter up, durably.
   *
   * @param from what the caller believes it to be
   * @param to more than that
   * @throws CounterConflictException if it is not {@code from}: somebody else moved it
   * @throws IOException if it cannot be moved, or it is not known whether it was
   */
  void advance(String name, long from, long to) throws IOException;
}
