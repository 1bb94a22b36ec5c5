package org.cocoon.link.fuzz;

import java.util.List;

/** A reader or a check of bytes from a stranger, and what must hold for any bytes. */
public interface FuzzTarget {

  /** Good inputs from which a fuzzer starts; at least one. */
  List<byte[]> seeds();

  /**
   * Takes any bytes.
   *
   * @throws AssertionError if something does not hold that must
   */
  void take(byte[] input);
}
