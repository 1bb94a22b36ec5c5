package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.InstantSource;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;

/**
 * The test root of a network's simulated GPUs, as {@code gpu-root.crt} and {@code gpu-root.key}
 * beside the test root of its TEEs.
 *
 * <p>A root of its own, since NVIDIA's chains are P-384. Whoever can read the key can forge any
 * simulated GPU.
 */
public final class SimulatedGpuRoot {
  static final String NAME = "Cocoon SIMULATED NOT SECURE GPU Root CA";

  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);

  private final byte[] certificate;
  private final PrivateKey key;

  private SimulatedGpuRoot(RootFiles.Root root) {
    certificate = root.certificate();
    key = root.key();
  }

  /**
   * Reads the root of this folder, or makes folder and root; safe for many processes at once.
   *
   * @throws IOException if the folder cannot be written, or holds something else
   */
  public static SimulatedGpuRoot in(Path folder, InstantSource clock) throws IOException {
    return new SimulatedGpuRoot(
        new RootFiles(folder, "gpu-root")
            .readOrMake(
                () -> {
                  KeyPair pair = P384.newKeyPair();
                  byte[] certificate =
                      SimulatedGpu.issue(
                          NAME,
                          pair.getPublic(),
                          NAME,
                          pair.getPrivate(),
                          clock.instant().minus(BACKDATED),
                          VALIDITY,
                          SimulatedGpu.ca(1));
                  return new RootFiles.Root(certificate, pair.getPrivate());
                }));
  }

  /** SHA-256 of the certificate's DER, as a GPU policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(certificate);
  }

  byte[] certificate() {
    return certificate.clone();
  }

  PrivateKey key() {
    return key;
  }
}
