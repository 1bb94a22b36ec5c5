package org.cocoon.link.evidence.snp;

import java.util.Optional;
import org.cocoon.link.evidence.HardwareRoots;

/**
 * A line of AMD processors: each has its own root key, and Turin its own layout of TCB versions.
 */
public enum Product {
  /** EPYC 7003. */
  MILAN("Milan", HardwareRoots.AMD_MILAN, 0x19, 0, 0xf),
  /** EPYC 9004 and 8004 (Genoa, Bergamo, Siena). */
  GENOA("Genoa", HardwareRoots.AMD_GENOA, 0x19, 0x10, 0xaf),
  /** EPYC 9005. */
  TURIN("Turin", HardwareRoots.AMD_TURIN, 0x1a, 0, 0x1f);

  private final String word;
  private final String rootSha256;
  private final int family;
  private final int firstModel;
  private final int lastModel;

  Product(String word, String rootSha256, int family, int firstModel, int lastModel) {
    this.word = word;
    this.rootSha256 = rootSha256;
    this.family = family;
    this.firstModel = firstModel;
    this.lastModel = lastModel;
  }

  /** Its name in certificates and policies, for example "Milan". */
  public String word() {
    return word;
  }

  /** SHA-256 of the DER of its root certificate (ARK), 64 lower-case hexadecimal digits. */
  public String rootSha256() {
    return rootSha256;
  }

  /** Whether a processor of this CPUID is one of the line. */
  boolean includes(SnpReport.Cpuid cpuid) {
    return cpuid.family() == family && cpuid.model() >= firstModel && cpuid.model() <= lastModel;
  }

  /** The line of a product name as certificates have it: its word, perhaps a dash and stepping. */
  static Optional<Product> ofName(String name) {
    for (Product product : values()) {
      if (name.equals(product.word) || name.startsWith(product.word + "-")) {
        return Optional.of(product);
      }
    }
    return Optional.empty();
  }

  static Optional<Product> ofRoot(String sha256) {
    for (Product product : values()) {
      if (product.rootSha256.equals(sha256)) {
        return Optional.of(product);
      }
    }
    return Optional.empty();
  }
}
