package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.InstantSource;
import org.cocoon.link.evidence.Digests;

/**
 * The test root of a network's simulated GPUs, as {@code gpu-root.crt} and {@code gpu-root.key}
 * beside the test root of its TEEs.
 *
 * <p>A root of its own, since NVIDIA's chains are P-384. Whoever can read the key can forge any
 * simulated GPU.
 */
public final class SimulatedGpuRoot {
  static final String NAME = "Cocoon SIMULATED NOT SECURE GPU Root CA";

  private final SimulatedAuthority root;

  private SimulatedGpuRoot(SimulatedAuthority root) {
    this.root = root;
  }

  /**
   * Reads the root of this folder, or makes folder and root; safe for many processes at once.
   *
   * @throws IOException if the folder cannot be written, or holds something else
   */
  public static SimulatedGpuRoot in(Path folder, InstantSource clock) throws IOException {
    return new SimulatedGpuRoot(P384Authority.root(folder, "gpu-root", NAME, clock));
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
