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
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Keeps a test root as {@code NAME.crt} and {@code NAME.key} in a folder, made once by whoever
 * comes first.
 */
final class RootFiles {
  private static final int MIME_LINE = 64;

  /** A file lock is the whole process's, so threads of this process take turns by themselves. */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  /** A root's certificate (DER) and key. */
  record Root(byte[] certificate, PrivateKey key) {}

  private final Path folder;
  private final String name;

  RootFiles(Path folder, String name) {
    this.folder = folder;
    this.name = name;
  }

  /** Reads the root, or makes folder and root; safe for many processes at once. */
  Root readOrMake(Supplier<Root> maker) throws IOException {
    Files.createDirectories(folder);
    IN_PROCESS.lock();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve(name + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      Path keyFile = folder.resolve(name + ".key");
      Path certificateFile = folder.resolve(name + ".crt");
      // The certificate is written last: where it is, the key is whole.
      if (Files.exists(certificateFile)) {
        return new Root(
            unwrap(certificateFile, "CERTIFICATE"), privateKey(unwrap(keyFile, "PRIVATE KEY")));
      }
      Root root = maker.get();
      write(keyFile, pem("PRIVATE KEY", root.key().getEncoded()));
      write(certificateFile, pem("CERTIFICATE", root.certificate()));
      return root;
    } finally {
      IN_PROCESS.unlock();
    }
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
      throw new IOException(file + " is not a PEM " + type + "; remove it to make a new root", e);
    }
  }

  private PrivateKey privateKey(byte[] der) throws IOException {
    try {
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "%s.key is not an EC key; remove %s.crt to make a new root".formatted(name, name), e);
    }
  }
}
