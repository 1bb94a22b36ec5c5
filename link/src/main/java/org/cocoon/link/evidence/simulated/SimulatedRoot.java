package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;

/**
 * The test root of one network: the key under which its simulated TEEs are issued.
 *
 * <p>It lives as {@code root.crt} and {@code root.key} in a folder that the network's programs
 * share. Whoever can read the key can forge any simulated evidence.
 */
public final class SimulatedRoot {
  private static final Duration VALIDITY = Duration.ofDays(3_650);
  private static final Duration BACKDATED = Duration.ofDays(1);

  private static final int SEALING_SECRET_BYTES = 32;

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
    RootFiles.Root root =
        new RootFiles(folder, "root")
            .readOrMake(
                () -> {
                  KeyPair pair = P256.newKeyPair();
                  return new RootFiles.Root(
                      TestCertificates.root(pair, clock.instant().minus(BACKDATED), VALIDITY),
                      pair.getPrivate());
                });
    requireUsable(root.certificate(), folder, clock.instant());
    return new SimulatedRoot(root.certificate(), root.key());
  }

  /** SHA-256 of the certificate's DER, as a policy's simulatedRoots lists it. */
  public String hash() {
    return Digests.sha256Hex(certificate);
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
                  .addIKM(key.getEncoded())
                  .thenExpand(purpose.getBytes(US_ASCII), SEALING_SECRET_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
    }
  }

  byte[] certificate() {
    return certificate.clone();
  }

  PrivateKey key() {
    return key;
  }

  static String pem(String type, byte[] der) {
    return RootFiles.pem(type, der);
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
}
