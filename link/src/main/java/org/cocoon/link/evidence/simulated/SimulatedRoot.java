package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Role;

/**
 * The test root of one network: the key under which its simulated TEEs are issued, and the CA
 * between it and them.
 *
 * <p>They live as {@code root.crt}, {@code root.key}, {@code platform.crt} and {@code platform.key}
 * in a folder that the network's programs share. Whoever can read the keys can forge any simulated
 * evidence.
 */
public final class SimulatedRoot {
  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);
  private static final int SEALING_SECRET_BYTES = 32;
  private static final String ROOT = "root";
  private static final String PLATFORM_CA = "platform";

  /** A file lock is the whole process's, so threads of this process take turns by themselves. */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  private final SimulatedAuthority root;
  private final SimulatedAuthority platformCa;

  private SimulatedRoot(SimulatedAuthority root, SimulatedAuthority platformCa) {
    this.root = root;
    this.platformCa = platformCa;
  }

  /**
   * Reads the root of this folder, or makes folder and root; safe for many processes at once.
   *
   * @throws IOException if the folder cannot be written, or holds something else
   */
  public static SimulatedRoot in(Path folder, InstantSource clock) throws IOException {
    Files.createDirectories(folder);
    IN_PROCESS.lock();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("root.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      Instant from = clock.instant().minus(BACKDATED);
      Optional<SimulatedAuthority> known = SimulatedAuthority.read(folder, ROOT);
      if (known.isPresent()) {
        requireUsable(known.get(), folder, clock.instant());
      }
      SimulatedAuthority root =
          known.isPresent()
              ? known.get()
              : SimulatedAuthority.make(
                  folder, ROOT, pair -> TestCertificates.root(pair, from, VALIDITY));
      return new SimulatedRoot(root, platformCa(folder, root, from));
    } finally {
      IN_PROCESS.unlock();
    }
  }

  /** SHA-256 of the certificate's DER, as a policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(root.certificate());
  }

  /**
   * What a simulated TEE gives an image in a role to seal with, 32 bytes: HKDF-SHA256 of the root's
   * key with {@code "cocoon simulated sealing v1" || 0 || role || 0 || mrTd}.
   */
  public byte[] sealingSecret(ImageMeasurement image, Role role) {
    String purpose = "cocoon simulated sealing v1\0" + role.word() + '\0' + image.mrTd();
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract()
                  .addIKM(root.key().getEncoded())
                  .thenExpand(purpose.getBytes(US_ASCII), SEALING_SECRET_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
    }
  }

  SimulatedAuthority root() {
    return root;
  }

  SimulatedAuthority platformCa() {
    return platformCa;
  }

  private static SimulatedAuthority platformCa(Path folder, SimulatedAuthority root, Instant from)
      throws IOException {
    Optional<SimulatedAuthority> known = SimulatedAuthority.read(folder, PLATFORM_CA);
    if (known.isPresent() && known.get().parsed().signedBy(root.parsed().x509().getPublicKey())) {
      return known.get();
    }
    return SimulatedAuthority.make(
        folder,
        PLATFORM_CA,
        pair -> TestCertificates.platformCa(pair.getPublic(), root.key(), from, VALIDITY));
  }

  private static void requireUsable(SimulatedAuthority root, Path folder, Instant now)
      throws IOException {
    X509Certificate x509 = root.parsed().x509();
    if (!x509.getSubjectX500Principal().getName().equals("CN=" + TestCertificates.ROOT_NAME)
        || now.isAfter(x509.getNotAfter().toInstant())) {
      throw new IOException(
          folder
              + " holds an expired root, or one of another version; remove root.crt and root.key");
    }
  }
}
