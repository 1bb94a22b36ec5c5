package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Function;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;

/**
 * A certificate that may issue others, with its key: {@code NAME.crt} and {@code NAME.key} in a
 * folder.
 *
 * @param certificate DER
 * @param key its private key
 */
record SimulatedAuthority(byte[] certificate, PrivateKey key) {
  private static final int MIME_LINE = 64;

  /** Reads one, if it is there. */
  static Optional<SimulatedAuthority> read(Path folder, String name) throws IOException {
    Path certificateFile = folder.resolve(name + ".crt");
    // The certificate is written last: where it is, the key is whole.
    if (!Files.exists(certificateFile)) {
      return Optional.empty();
    }
    byte[] certificate = unwrap(certificateFile, "CERTIFICATE");
    PrivateKey key = privateKey(unwrap(folder.resolve(name + ".key"), "PRIVATE KEY"));
    return Optional.of(new SimulatedAuthority(certificate, key));
  }

  /** Makes one with a fresh P-256 key. */
  static SimulatedAuthority make(Path folder, String name, Function<KeyPair, byte[]> issue)
      throws IOException {
    return make(folder, name, P256.newKeyPair(), issue);
  }

  /** Makes one with this key. */
  static SimulatedAuthority make(
      Path folder, String name, KeyPair pair, Function<KeyPair, byte[]> issue) throws IOException {
    byte[] certificate = issue.apply(pair);
    write(folder.resolve(name + ".key"), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
    write(folder.resolve(name + ".crt"), pem("CERTIFICATE", certificate));
    return new SimulatedAuthority(certificate, pair.getPrivate());
  }

  /** The certificate, taken apart. */
  EcdsaCertificate parsed() throws IOException {
    return EcdsaCertificate.parse(certificate);
  }

  /** The certificate as PEM. */
  String pem() {
    return pem("CERTIFICATE", certificate);
  }

  static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(MIME_LINE, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
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
      throw new IOException(file + " is not a PEM " + type + "; remove it to make a new one", e);
    }
  }

  private static PrivateKey privateKey(byte[] der) throws IOException {
    try {
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "a simulated root's key is not an EC key; remove its .crt to make a new root", e);
    }
  }
}
