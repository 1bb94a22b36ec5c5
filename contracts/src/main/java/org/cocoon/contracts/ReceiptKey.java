package org.cocoon.contracts;

import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * The Ed25519 key with which a router signs receipts. Any thread.
 *
 * <p>The file holds it as PKCS #8 in PEM (RFC 8410), as {@code openssl genpkey -algorithm ed25519}
 * writes it.
 */
public final class ReceiptKey {
  private static final int SEED_BYTES = Ed25519.SECRET_KEY_SIZE;
  private static final byte[] PKCS8_PREFIX =
      HexFormat.of().parseHex("302e020100300506032b657004220420");
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----\n";
  private static final String END = "\n-----END PRIVATE KEY-----\n";
  private static final int MAX_FILE_BYTES = 1_024;
  private static final Set<PosixFilePermission> OWNER_ONLY = Set.of(OWNER_READ, OWNER_WRITE);

  private final byte[] seed;
  private final byte[] publicKey;

  private ReceiptKey(byte[] seed) {
    this.seed = seed;
    this.publicKey = new byte[Ed25519.PUBLIC_KEY_SIZE];
    Ed25519.generatePublicKey(seed, 0, publicKey, 0);
  }

  /**
   * The key of a 32-byte secret seed (RFC 8032, section 5.1.5).
   *
   * @throws IllegalArgumentException if it has another length
   */
  public static ReceiptKey ofSeed(byte[] seed) {
    if (seed.length != SEED_BYTES) {
      throw new IllegalArgumentException("a seed has " + SEED_BYTES + " bytes, not " + seed.length);
    }
    return new ReceiptKey(seed.clone());
  }

  /** A new key. */
  public static ReceiptKey generate(SecureRandom random) {
    byte[] seed = new byte[SEED_BYTES];
    random.nextBytes(seed);
    return new ReceiptKey(seed);
  }

  /**
   * Reads the key from a file, or makes one and writes it there with mode 0600, durably. Of two
   * processes that create it at once both get the same key.
   *
   * @param file in a folder that exists
   * @throws IOException if the file cannot be read or written, is no such key, or if others than
   *     its owner may read it
   */
  public static ReceiptKey loadOrCreate(Path file) throws IOException {
    try {
      return load(file);
    } catch (NoSuchFileException e) {
      return create(file);
    }
  }

  /**
   * Reads the key from a file.
   *
   * @throws NoSuchFileException if there is none
   * @throws IOException if it cannot be read, is no such key, or if others than its owner may read
   *     it
   */
  public static ReceiptKey load(Path file) throws IOException {
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
      throw new IOException(file + " may be read by others than its owner: chmod 600 " + file);
    }
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " is too long for an Ed25519 key");
    }
    String pem = Files.readString(file, StandardCharsets.US_ASCII);
    if (!pem.startsWith(BEGIN) || !pem.endsWith(END)) {
      throw notAKey(file);
    }
    byte[] der;
    try {
      der = Base64.getDecoder().decode(pem.substring(BEGIN.length(), pem.length() - END.length()));
    } catch (IllegalArgumentException e) {
      throw notAKey(file);
    }
    if (der.length != PKCS8_PREFIX.length + SEED_BYTES
        || !Arrays.equals(PKCS8_PREFIX, Arrays.copyOf(der, PKCS8_PREFIX.length))) {
      throw notAKey(file);
    }
    return new ReceiptKey(Arrays.copyOfRange(der, PKCS8_PREFIX.length, der.length));
  }

  /** A copy of the secret seed, 32 bytes: for who seals it, and overwrites the copy. */
  public byte[] seed() {
    return seed.clone();
  }

  /** A copy of the public key, 32 bytes. */
  public byte[] publicKey() {
    return publicKey.clone();
  }

  /** Signs with Ed25519 (RFC 8032, no context): 64 bytes. */
  public byte[] sign(byte[] message) {
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    Ed25519.sign(seed, 0, publicKey, 0, message, 0, message.length, signature, 0);
    return signature;
  }

  /** The public key only. */
  @Override
  public String toString() {
    return "ReceiptKey[" + HexFormat.of().formatHex(publicKey) + "]";
  }

  private static IOException notAKey(Path file) {
    return new IOException(file + " is not an Ed25519 private key in PEM (PKCS #8)");
  }

  /** Written beside and then linked, so that nobody ever sees a part of a key. */
  private static ReceiptKey create(Path file) throws IOException {
    ReceiptKey key = generate(new SecureRandom());
    byte[] der =
        ByteBuffer.allocate(PKCS8_PREFIX.length + SEED_BYTES)
            .put(PKCS8_PREFIX)
            .put(key.seed)
            .array();
    String pem = BEGIN + Base64.getEncoder().encodeToString(der) + END;
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(file + " is not a file in a folder");
    }
    Path draft =
        Files.createTempFile(
            folder, ".key", null, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(pem.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.createLink(file, draft);
      try (FileChannel entry = FileChannel.open(folder, StandardOpenOption.READ)) {
        entry.force(true);
      }
      return key;
    } catch (FileAlreadyExistsException e) {
      return load(file);
    } finally {
      Files.delete(draft);
    }
  }
}
