package org.cocoon.link.evidence.snp;

/**
 * What the guest's owner let the platform do with the guest, fixed at launch (56860, 4.3).
 *
 * @param bits as in the report
 */
public record GuestPolicy(long bits) {
  private static final int MUST_BE_ONE = 17;
  private static final int FIRST_RESERVED = 26;

  /** Least minor version of the ABI. */
  public int abiMinor() {
    return (int) bits & 0xff;
  }

  /** Least major version of the ABI. */
  public int abiMajor() {
    return (int) (bits >>> 8) & 0xff;
  }

  /** Simultaneous multithreading may be on. */
  public boolean smtAllowed() {
    return bit(16);
  }

  /** A migration agent may move the guest. */
  public boolean migrationAllowed() {
    return bit(18);
  }

  /** The host may read and change the guest's memory. */
  public boolean debugAllowed() {
    return bit(19);
  }

  /** The guest runs on one socket only. */
  public boolean singleSocketRequired() {
    return bit(20);
  }

  /** Memory behind CXL may be used. */
  public boolean cxlAllowed() {
    return bit(21);
  }

  /** Memory must be encrypted with AES-256-XTS. */
  public boolean aes256XtsRequired() {
    return bit(22);
  }

  /** Power measurement (RAPL) must be off. */
  public boolean raplDisabled() {
    return bit(23);
  }

  /** The host must not see ciphertext in DRAM. */
  public boolean ciphertextHidingRequired() {
    return bit(24);
  }

  /** The host may not move or swap the guest's pages. */
  public boolean pageSwapDisabled() {
    return bit(25);
  }

  /** Whether every reserved bit is as the specification says: bit 17 one, bits 26 to 63 zero. */
  public boolean reservedBitsAreRight() {
    return bit(MUST_BE_ONE) && bits >>> FIRST_RESERVED == 0;
  }

  private boolean bit(int number) {
    return (bits >>> number & 1) != 0;
  }
}
