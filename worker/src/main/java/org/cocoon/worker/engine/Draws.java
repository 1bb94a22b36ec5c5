package org.cocoon.worker.engine;

/**
 * Random draws as a pure function of (seed, position in the answer).
 *
 * <p>A continuation on another worker must draw what this one would have drawn, so there is no
 * state to carry: draw p is output p of a SplitMix64 generator (Steele, Lea and Flood, OOPSLA 2014)
 * whose state starts at the mixed seed. Mixing the seed first keeps nearby seeds apart.
 */
final class Draws {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private Draws() {}

  /** A number from 0 (inclusive) to 1 (exclusive) with 53 random bits. */
  static double unit(long seed, int position) {
    long bits = mix(mix(seed + GOLDEN_GAMMA) + (position + 1L) * GOLDEN_GAMMA);
    return (bits >>> 11) * 0x1.0p-53;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
