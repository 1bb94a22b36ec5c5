package org.cocoon.link.fuzz;

import java.util.List;

/** A reader or a check of bytes from a stranger, and what must hold for any bytes. */
public interface FuzzTarget {

  /** Good inputs from which a fuzzer starts; at least one. */
  List<byte[]> seeds();

  /**
   * What one input may allocate however short it is, in bytes. Five ECDSA verifications take about
   * 600 KB.
   */
  default long fixedBytes() {
    return 1 << 20;
  }

  /**
   * Takes any bytes.
   *
   * @throws AssertionError if something does not hold that must
   */
  void take(byte[] input);
}
