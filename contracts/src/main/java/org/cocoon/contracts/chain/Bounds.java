package org.cocoon.contracts.chain;

/** What numbers and bytes may be. */
final class Bounds {
  private Bounds() {}

  static byte[] bytes32(String name, byte[] bytes) {
    if (bytes.length != 32) {
      throw new IllegalArgumentException(name + ": 32 bytes, not " + bytes.length);
    }
    return bytes.clone();
  }

  static void uint32(String name, long value) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException(name + ": 0 to 2^32 - 1, not " + value);
    }
  }
}
