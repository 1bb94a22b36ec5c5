package org.cocoon.link.sealing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;

/** Finds the sealing keys of the TEE that the program runs in. */
public final class HardwareSealing {
  /** The provider of SNP reports in configfs-tsm. */
  public static final String SNP_PROVIDER = "sev_guest";

  private HardwareSealing() {}

  /**
   * The keys of a TEE.
   *
   * @param provider as configfs-tsm names it, for example "sev_guest"
   * @param role of this node; it goes into every key
   * @throws SealingUnavailableException if this TEE has none, with what to use instead
   * @throws IOException if the TEE has keys and does not give them
   */
  public static SealingKeys keysOf(String provider, Role role) throws IOException {
    return keysOf(provider, role, SnpDerivedKey.DEVICE);
  }

  static SealingKeys keysOf(String provider, Role role, Path snpDevice) throws IOException {
    return switch (provider) {
      case SNP_PROVIDER -> {
        byte[] secret = SnpDerivedKey.fetch(snpDevice);
        try {
          yield new SecretSealingKeys(secret, role);
        } finally {
          Arrays.fill(secret, (byte) 0);
        }
      }
      case TsmReports.TDX_PROVIDER ->
          throw new SealingUnavailableException(
              "TDX has no sealing keys: no instruction gives a trust domain a key that outlives it;"
                  + " keep such secrets with a key management service that checks the domain's"
                  + " evidence, or do not keep them");
      default ->
          throw new SealingUnavailableException(
              "the TEE '" + provider + "' is unknown; sealing keys come from sev_guest only");
    };
  }
}
