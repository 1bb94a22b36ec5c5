package org.cocoon.link.sealing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.cocoon.link.evidence.Digests;

/**
 * The layout of a sealed file, big-endian; the header is associated data of AES-256-GCM.
 *
 * <pre>
 * magic "cocoon sealed" 0 0 0 (16) | version u16 (1) | label length u16 | label | counter u64
 * key id 16 | nonce 12 | ciphertext and tag
 * </pre>
 *
 * <p>The key id, a hash of the key, tells another image's file from a damaged one.
 */
final class SealedFormat {
  static final int VERSION = 1;
  static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;
  static final int KEY_ID_BYTES = 16;
  static final int FIXED_BYTES = 16 + 2 + 2 + 8 + KEY_ID_BYTES + NONCE_BYTES;

  private static final byte[] MAGIC = Arrays.copyOf("cocoon sealed".getBytes(US_ASCII), 16);
  private static final byte[] KEY_ID_LABEL = "cocoon sealed key id v1\0".getBytes(US_ASCII);
  private static final Pattern LABEL = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
  private static final Pattern COUNTER_NAME =
      Pattern.compile("[a-z0-9][a-z0-9._-]{0," + (MonotonicCounter.MAX_NAME_CHARACTERS - 1) + "}");

  /**
   * A file taken apart; nothing in it is believed yet.
   *
   * @param header everything before the ciphertext
   */
  record Parts(
      String label, long counter, byte[] keyId, byte[] nonce, byte[] header, byte[] sealed) {}

  private SealedFormat() {}

  static void requireLabel(String label) {
    if (!LABEL.matcher(label).matches()) {
      throw new IllegalArgumentException(
          "a label has 1 to 64 of a-z, 0-9, dot, dash and underscore, and begins with a-z or 0-9");
    }
  }

  static void requireCounterName(String name) {
    if (!COUNTER_NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a counter's name has 1 to 128 of a-z, 0-9, dot, dash and underscore, and begins with"
              + " a-z or 0-9");
    }
  }

  static byte[] seal(byte[] key, String label, long counter, byte[] nonce, byte[] content) {
    byte[] header =
        ByteBuffer.allocate(FIXED_BYTES + label.length())
            .put(MAGIC)
            .putShort((short) VERSION)
            .putShort((short) label.length())
            .put(label.getBytes(US_ASCII))
            .putLong(counter)
            .put(keyId(key))
            .put(nonce)
            .array();
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, nonce, header).doFinal(content);
      return ByteBuffer.allocate(header.length + sealed.length).put(header).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no AES-256-GCM", e);
    }
  }

  /** Takes a file apart; empty if it has not this form. */
  static Optional<Parts> read(byte[] file) {
    ByteBuffer buffer = ByteBuffer.wrap(file);
    try {
      if (!Arrays.equals(bytes(buffer, MAGIC.length), MAGIC) || buffer.getShort() != VERSION) {
        return Optional.empty();
      }
      int labelBytes = Short.toUnsignedInt(buffer.getShort());
      if (labelBytes > buffer.remaining()) {
        return Optional.empty();
      }
      String label = new String(bytes(buffer, labelBytes), US_ASCII);
      long counter = buffer.getLong();
      byte[] keyId = bytes(buffer, KEY_ID_BYTES);
      byte[] nonce = bytes(buffer, NONCE_BYTES);
      if (buffer.remaining() < TAG_BYTES || !LABEL.matcher(label).matches() || counter < 1) {
        return Optional.empty();
      }
      byte[] header = Arrays.copyOf(file, buffer.position());
      byte[] sealed = bytes(buffer, buffer.remaining());
      return Optional.of(new Parts(label, counter, keyId, nonce, header, sealed));
    } catch (BufferUnderflowException _) {
      return Optional.empty();
    }
  }

  static boolean isKeyOf(byte[] key, Parts parts) {
    return Arrays.equals(keyId(key), parts.keyId());
  }

  /** The content; empty if header or ciphertext are not as they were sealed. */
  static Optional<byte[]> open(byte[] key, Parts parts) {
    try {
      return Optional.of(
          cipher(Cipher.DECRYPT_MODE, key, parts.nonce(), parts.header()).doFinal(parts.sealed()));
    } catch (GeneralSecurityException _) {
      return Optional.empty();
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] nonce, byte[] header)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(8 * TAG_BYTES, nonce));
    cipher.updateAAD(header);
    return cipher;
  }

  static byte[] keyId(byte[] key) {
    return Arrays.copyOf(Digests.sha256(KEY_ID_LABEL, key), KEY_ID_BYTES);
  }

  private static byte[] bytes(ByteBuffer buffer, int length) {
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return bytes;
  }
}
