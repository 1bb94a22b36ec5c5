package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
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

  private static final String FILE = "gpu-root";
  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);

  /** A file lock is the whole process's, so threads of this process take turns by themselves. */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

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
    Files.createDirectories(folder);
    IN_PROCESS.lock();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve(FILE + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      Optional<SimulatedAuthority> known = SimulatedAuthority.read(folder, FILE);
      if (known.isPresent()) {
        return new SimulatedGpuRoot(known.get());
      }
      Instant from = clock.instant().minus(BACKDATED);
      return new SimulatedGpuRoot(
          SimulatedAuthority.make(folder, FILE, P384.newKeyPair(), pair -> issue(pair, from)));
    } finally {
      IN_PROCESS.unlock();
    }
  }

  /** SHA-256 of the certificate's DER, as a GPU policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(root.certificate());
  }

  byte[] certificate() {
    return root.certificate().clone();
  }

  PrivateKey key() {
    return root.key();
  }

  private static byte[] issue(KeyPair pair, Instant from) {
    return SimulatedGpu.issue(
        NAME, pair.getPublic(), NAME, pair.getPrivate(), from, VALIDITY, SimulatedGpu.ca(1));
  }
}
