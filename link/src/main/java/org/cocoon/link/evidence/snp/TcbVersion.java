package org.cocoon.link.evidence.snp;

/**
 * Security versions of a platform's parts (TCB_VERSION), each 0 to 255.
 *
 * @param fmc the first mutable code, which only Turin has; 0 elsewhere
 * @param bootLoader the secure processor's boot loader
 * @param tee the secure processor's operating system
 * @param snp the SNP firmware
 * @param microcode the lowest patch level among all cores
 */
public record TcbVersion(int fmc, int bootLoader, int tee, int snp, int microcode) {
  /** Bytes 2 to 5 are reserved on Milan and Genoa. */
  private static final long RESERVED = 0x0000_ffff_ffff_0000L;

  /** Bytes 4 to 6 are reserved on Turin. */
  private static final long RESERVED_TURIN = 0x00ff_ffff_0000_0000L;

  /** Checks the ranges. */
  public TcbVersion {
    if (((fmc | bootLoader | tee | snp | microcode) & ~0xff) != 0) {
      throw new IllegalArgumentException("security versions are 0 to 255");
    }
  }

  /** Takes apart the 64 bits of a report, which each product line lays out in its own way. */
  static TcbVersion of(long bits, Product product) {
    return switch (product) {
      case MILAN, GENOA ->
          new TcbVersion(0, part(bits, 0), part(bits, 1), part(bits, 6), part(bits, 7));
      case TURIN ->
          new TcbVersion(part(bits, 0), part(bits, 1), part(bits, 2), part(bits, 3), part(bits, 7));
    };
  }

  static boolean hasReservedBits(long bits, Product product) {
    return (bits & (product == Product.TURIN ? RESERVED_TURIN : RESERVED)) != 0;
  }

  /** Whether no part is older than in that one. */
  public boolean isAtLeast(TcbVersion minimum) {
    return fmc >= minimum.fmc
        && bootLoader >= minimum.bootLoader
        && tee >= minimum.tee
        && snp >= minimum.snp
        && microcode >= minimum.microcode;
  }

  private static int part(long bits, int position) {
    return (int) (bits >>> (8 * position)) & 0xff;
  }
}
