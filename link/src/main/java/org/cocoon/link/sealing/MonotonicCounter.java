package org.cocoon.link.sealing;

import java.io.IOException;
import java.util.Arrays;

/**
 * Counters that only go up, kept where whoever can set back the sealed files cannot set them back.
 *
 * <p>Each remembers, with its value, the digest of what was counted: two files can bear the same
 * number, where the first was hidden before it was counted, and only one of them is meant.
 */
public interface MonotonicCounter {
  /** Longest name: 1 to 128 of a-z, 0-9, dot, dash and underscore. */
  int MAX_NAME_CHARACTERS = 128;

  /**
   * What a counter says.
   *
   * @param value 0 before the first advance
   * @param digest of what was counted with it, 32 bytes; empty before the first advance
   */
  record Count(long value, byte[] digest) {
    /** Length of a digest in bytes: SHA-256. */
    public static final int DIGEST_BYTES = 32;

    /** Checks that there is a digest if, and only if, something was counted. */
    public Count {
      if (value < 0 || digest.length != (value == 0 ? 0 : DIGEST_BYTES)) {
        throw new IllegalArgumentException(
            "count " + value + " cannot have a digest of " + digest.length + " bytes");
      }
      digest = digest.clone();
    }

    /** Before the first advance. */
    public static Count none() {
      return new Count(0, new byte[0]);
    }

    @Override
    public byte[] digest() {
      return digest.clone();
    }

    /** Whether this was counted. */
    boolean isOf(byte[] other) {
      return Arrays.equals(digest, other);
    }
  }

  /**
   * What a counter says, {@link Count#none()} before its first advance.
   *
   * @throws IOException if it cannot be asked
   */
  Count current(String name) throws IOException;

  /**
   * Moves a counter up, durably.
   *
   * @param from the value that the caller believes it to have
   * @param to a greater value, and the digest of what is counted
   * @throws CounterConflictException if its value is not {@code from}: somebody else moved it
   * @throws IOException if it cannot be moved, or it is not known whether it was
   */
  void advance(String name, long from, Count to) throws IOException;
}
