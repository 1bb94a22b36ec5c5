package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P384;

/**
 * Test roots and certificates signed with ecdsa-with-SHA384, for simulated GPUs and AMD platforms.
 */
final class P384Authority {
  static final byte[] TRUE = Der.value(Der.BOOLEAN, new byte[] {(byte) 0xff});

  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);
  private static final byte[] SIGNED_WITH = Der.sequence(Der.oid("1.2.840.10045.4.3.3"));

  /** A file lock is the whole process's, so threads of this process take turns by themselves. */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  private P384Authority() {}

  /**
   * Reads a root, or makes folder and root; safe for many processes at once.
   *
   * @param file its name without ending
   * @param name its common name
   * @throws IOException if the folder cannot be written, or holds something else
   */
  static SimulatedAuthority root(Path folder, String file, String name, InstantSource clock)
      throws IOException {
    Files.createDirectories(folder);
    IN_PROCESS.lock();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve(file + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      Optional<SimulatedAuthority> known = SimulatedAuthority.read(folder, file);
      if (known.isPresent()) {
        return known.get();
      }
      Instant from = clock.instant().minus(BACKDATED);
      return SimulatedAuthority.make(
          folder,
          file,
          P384.newKeyPair(),
          pair -> issue(name, pair.getPublic(), name, pair.getPrivate(), from, VALIDITY, ca(1)));
    } finally {
      IN_PROCESS.unlock();
    }
  }

  /** A certificate signed with ecdsa-with-SHA384. */
  static byte[] issue(
      String subject,
      PublicKey key,
      String issuer,
      PrivateKey signer,
      Instant from,
      Duration validity,
      byte[] extensions) {
    byte[] signedPart =
        Der.sequence(
            Der.tagged(0, Der.integer(2)),
            Der.integer(serial(key)),
            SIGNED_WITH,
            EcdsaCertificate.name(issuer),
            Der.sequence(Der.time(from), Der.time(from.plus(validity))),
            EcdsaCertificate.name(subject),
            key.getEncoded(),
            Der.tagged(3, extensions));
    byte[] signature = P384.sign(signer, signedPart);
    byte[] scalars =
        Der.sequence(
            Der.integer(new BigInteger(1, signature, 0, P384.SCALAR_BYTES)),
            Der.integer(new BigInteger(1, signature, P384.SCALAR_BYTES, P384.SCALAR_BYTES)));
    return Der.sequence(signedPart, SIGNED_WITH, Der.bits(scalars));
  }

  /** Keys are fresh, so a hash of one is as good as a random serial number. */
  static BigInteger serial(PublicKey key) {
    return new BigInteger(1, Arrays.copyOf(Digests.sha256(key.getEncoded()), 16));
  }

  /** Key usage and basic constraints of a CA. */
  static byte[] ca(int casBelow) {
    byte[] usage = Der.value(Der.BIT_STRING, new byte[] {1, 6});
    return Der.sequence(
        Der.sequence(Der.oid("2.5.29.15"), TRUE, Der.octets(usage)),
        Der.sequence(
            Der.oid("2.5.29.19"), TRUE, Der.octets(Der.sequence(TRUE, Der.integer(casBelow)))));
  }
}
