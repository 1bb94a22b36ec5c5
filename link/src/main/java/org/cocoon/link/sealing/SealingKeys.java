package org.cocoon.link.sealing;

/** Keys that a TEE gives to one image in one role, the same after every start, and to no other. */
@FunctionalInterface
public interface SealingKeys {
  /** Length of a key in bytes. */
  int KEY_BYTES = 32;

  /**
   * The key for a purpose.
   *
   * @param label what the key is for; another label has an unrelated key
   * @return 32 bytes, the caller's own
   */
  byte[] derive(String label);
}
