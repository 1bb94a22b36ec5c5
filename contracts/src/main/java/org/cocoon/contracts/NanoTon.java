package org.cocoon.contracts;

/**
 * An amount of Toncoin in billionths, never negative.
 *
 * @param nanos 0 to {@link Long#MAX_VALUE}; all Toncoin there is fits (5.1 billion TON = 5.1e18)
 */
public record NanoTon(long nanos) implements Comparable<NanoTon> {
  /** Nothing. */
  public static final NanoTon ZERO = new NanoTon(0);

  /** Billionths in one Toncoin. */
  public static final long PER_TON = 1_000_000_000L;

  /** Checks that the amount is not negative. */
  public NanoTon {
    if (nanos < 0) {
      throw new IllegalArgumentException("an amount is never negative: " + nanos);
    }
  }

  /** An amount of whole Toncoin. */
  public static NanoTon ofTon(long ton) {
    return new NanoTon(Math.multiplyExact(ton, PER_TON));
  }

  /** The sum; throws ArithmeticException on overflow. */
  public NanoTon plus(NanoTon other) {
    return new NanoTon(Math.addExact(nanos, other.nanos));
  }

  /** The difference; throws IllegalArgumentException where it would be negative. */
  public NanoTon minus(NanoTon other) {
    return new NanoTon(nanos - other.nanos);
  }

  /** The smaller of two. */
  public static NanoTon min(NanoTon a, NanoTon b) {
    return a.nanos <= b.nanos ? a : b;
  }

  @Override
  public int compareTo(NanoTon other) {
    return Long.compare(nanos, other.nanos);
  }

  /** For people: Toncoin with nine decimals, e.g. {@code 1.500000000 TON}. */
  @Override
  public String toString() {
    return "%d.%09d TON".formatted(nanos / PER_TON, nanos % PER_TON);
  }
}
