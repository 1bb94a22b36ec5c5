package org.cocoon.link.seal;

import java.io.Serial;
import java.security.SecureRandom;
import java.util.Random;

/** Draws that a seed tells beforehand, for vectors and properties; protects nothing. */
final class FixedRandom extends SecureRandom {
  @Serial private static final long serialVersionUID = 1;

  private final Random source;

  FixedRandom(long seed) {
    source = new Random(seed);
  }

  @Override
  public void nextBytes(byte[] bytes) {
    source.nextBytes(bytes);
  }
}
