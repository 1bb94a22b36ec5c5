package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.InstantSource;
import org.cocoon.link.evidence.Digests;

/**
 * The test root of a network's simulated AMD platforms, as {@code snp-root.crt} and {@code
 * snp-root.key} beside the test root of its TDX platforms.
 *
 * <p>It stands where AMD's root key (ARK) does, but is P-384 and not RSA-4096, which would take
 * seconds to make. Whoever can read the key can forge any simulated AMD platform.
 */
public final class SimulatedSnpRoot {
  static final String NAME = "ARK-Cocoon SIMULATED NOT SECURE";

  private final SimulatedAuthority root;

  private SimulatedSnpRoot(SimulatedAuthority root) {
    this.root = root;
  }

  /**
   * Reads the root of this folder, or makes folder and root; safe for many processes at once.
   *
   * @throws IOException if the folder cannot be written, or holds something else
   */
  public static SimulatedSnpRoot in(Path folder, InstantSource clock) throws IOException {
    return new SimulatedSnpRoot(P384Authority.root(folder, "snp-root", NAME, clock));
  }

  /** SHA-256 of the certificate's DER, as a policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(root.certificate());
  }

  byte[] certificate() {
    return root.certificate().clone();
  }

  PrivateKey key() {
    return root.key();
  }
}
