package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.concurrent.locks.ReentrantLock;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;

/**
 * The test root of one network: the key under which its simulated TEEs are issued.
 *
 * <p>It lives as {@code root.crt} and {@code root.key} in a folder that the network's programs
 * share. Whoever can read the key can forge any simulated evidence.
 */
public final class SimulatedRoot {
  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);
  private static final int MIME_LINE = 64;

  /** A file lock is the whole process's, so threads of this process take turns by themselves. */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  private final byte[] certificate;
  private final PrivateKey key;

  private SimulatedRoot(byte[] certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
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
      Path keyFile = folder.resolve("root.key");
      Path certificateFile = folder.resolve("root.crt");
      // The certificate is written last: where it is, the key is whole.
      if (Files.exists(certificateFile)) {
        byte[] certificate = unwrap(certificateFile, "CERTIFICATE");
        requireUsable(certificate, folder, clock.instant());
        return new SimulatedRoot(certificate, privateKey(unwrap(keyFile, "PRIVATE KEY")));
      }
      KeyPair pair = P256.newKeyPair();
      byte[] certificate = TestCertificates.root(pair, clock.instant().minus(BACKDATED), VALIDITY);
      write(keyFile, pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      write(certificateFile, pem("CERTIFICATE", certificate));
      return new SimulatedRoot(certificate, pair.getPrivate());
    } finally {
      IN_PROCESS.unlock();
    }
  }

  /** SHA-256 of the certificate's DER, as a policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(certificate);
  }

  byte[] certificate() {
    return certificate.clone();
  }

  PrivateKey key() {
    return key;
  }

  static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(MIME_LINE, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
  }

  private static void requireUsable(byte[] certificate, Path folder, Instant now)
      throws IOException {
    X509Certificate root = EcdsaCertificate.parse(certificate).x509();
    if (!root.getSubjectX500Principal().getName().equals("CN=" + TestCertificates.ROOT_NAME)
        || now.isAfter(root.getNotAfter().toInstant())) {
      throw new IOException(
          folder
              + " holds an expired root, or one of another version; remove root.crt and root.key");
    }
  }

  private static void write(Path file, String text) throws IOException {
    Path whole = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(whole);
    Files.createFile(
        whole, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(whole, text, US_ASCII);
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static byte[] unwrap(Path file, String type) throws IOException {
    String text = Files.readString(file, US_ASCII);
    String body =
        text.replace("-----BEGIN " + type + "-----", "").replace("-----END " + type + "-----", "");
    try {
      return Base64.getMimeDecoder().decode(body);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is not a PEM " + type + "; remove it to make a new root", e);
    }
  }

  private static PrivateKey privateKey(byte[] der) throws IOException {
    try {
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (GeneralSecurityException e) {
      throw new IOException("root.key is not a P-256 key; remove root.crt to make a new root", e);
    }
  }
}
