package org.cocoon.contracts.model;

/** The bounds of fees.tolk in nanoTON, with the prices of the basechain written out. */
final class Fees {
  static final int DEPOSIT = 9000;
  static final int CLAIM = 12000;
  static final int CHANNEL_REST = 9000;
  static final int BOUNCE = 6000;
  static final int COLLECT = 7000;
  static final int REGISTER = 8000;
  static final int SETTLEMENT_REST = 14000;
  static final int LEAF = 12000;
  static final int SLASH = 16000;
  static final int REGISTRY = 12000;

  /** 400 nanoTON a unit of gas. */
  static final long PER_GAS = 400;

  /** 400,000 a message, 400 a bit, 40,000 a cell; of 1,400 bits in three cells. */
  static final long MESSAGE = 400_000 + 1400 * 400 + 3 * 40_000;

  static final long CHANNEL_RESERVE = stored(16_000, 60);
  static final long SETTLEMENT_RESERVE = stored(60_000, 400);
  static final long REGISTRY_RESERVE = stored(400_000, 500);

  private Fees() {}

  static long gas(long gas) {
    return gas * PER_GAS;
  }

  /** Five years: 1 a bit and 500 a cell, for 2^16 seconds; rounded up. */
  private static long stored(long bits, long cells) {
    long seconds = 5L * 31_557_600;
    return (seconds * (bits + 500 * cells) + 0xffff) >> 16;
  }
}
