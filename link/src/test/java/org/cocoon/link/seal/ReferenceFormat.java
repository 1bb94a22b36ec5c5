package org.cocoon.link.seal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The sealed format written once more, from RFC 9180 and the Javadoc alone, with the JDK's
 * primitives: what both implementations read, the Javadoc describes.
 */
final class ReferenceFormat {
  private static final byte[] KEM = HexFormat.of().parseHex("4b454d0020");
  private static final byte[] NONE = new byte[0];

  private final byte[] suite;
  private final int keyBytes;
  private final byte[] encapsulated;
  private final byte[] key;
  private final byte[] nonce;
  private final byte[] exporter;

  /**
   * Sets up the receiver, RFC 9180, 4.1 and 5.1.
   *
   * @param aead 1: AES-128-GCM, 2: AES-256-GCM
   */
  ReferenceFormat(int aead, byte[] secretKey, byte[] publicKey, byte[] encapsulated, byte[] info)
      throws GeneralSecurityException {
    this.suite = cat("HPKE".getBytes(US_ASCII), new byte[] {0, 0x20, 0, 1, 0, (byte) aead});
    this.keyBytes = 16 * aead;
    this.encapsulated = encapsulated;
    byte[] eaePrk = labeledExtract(KEM, NONE, "eae_prk", agree(secretKey, encapsulated));
    byte[] shared = labeledExpand(KEM, eaePrk, "shared_secret", cat(encapsulated, publicKey), 32);
    byte[] context =
        cat(
            new byte[] {0},
            labeledExtract(suite, NONE, "psk_id_hash", NONE),
            labeledExtract(suite, NONE, "info_hash", info));
    byte[] secret = labeledExtract(suite, shared, "secret", NONE);
    key = labeledExpand(suite, secret, "key", context, keyBytes);
    nonce = labeledExpand(suite, secret, "base_nonce", context, 12);
    exporter = labeledExpand(suite, secret, "exp", context, 32);
  }

  byte[] open(byte[] associated, byte[] ciphertext) throws GeneralSecurityException {
    return gcm(key, nonce, associated, ciphertext);
  }

  byte[] export(String label) throws GeneralSecurityException {
    return labeledExpand(suite, exporter, "sec", label.getBytes(US_ASCII), 32);
  }

  /** What a prompt is bound to. */
  static byte[] promptData(String keyId, byte[] nonce, String model, int maxTokens, boolean chat) {
    return cat(
        new byte[] {1},
        sized(keyId.getBytes(US_ASCII)),
        sized(nonce),
        sized(model.getBytes(US_ASCII)),
        ByteBuffer.allocate(4).putInt(maxTokens).array(),
        new byte[] {(byte) (chat ? 1 : 0)});
  }

  /** Opens the chunk that stands at {@code number} in the attempt with this salt. */
  byte[] openChunk(byte[] salt, int number, long tokensBefore, byte[] transcript, byte[] chunk)
      throws GeneralSecurityException {
    byte[] prk = hmac(cat(encapsulated, salt), export("cocoon sealed answer v1"));
    byte[] chunkKey = hmac(prk, cat("key".getBytes(US_ASCII), new byte[] {1}));
    byte[] first = Arrays.copyOf(hmac(prk, cat("nonce".getBytes(US_ASCII), new byte[] {1})), 12);
    first[11] ^= (byte) number;
    byte[] associated =
        cat(
            new byte[] {chunk[0]},
            ByteBuffer.allocate(8).putLong(tokensBefore).array(),
            transcript);
    int header = number == 0 ? 33 : 1;
    return gcm(chunkKey, first, associated, Arrays.copyOfRange(chunk, header, chunk.length));
  }

  static byte[] emptyTranscript(byte[] promptData) throws GeneralSecurityException {
    return sha256(cat("cocoon sealed answer v1".getBytes(US_ASCII), promptData));
  }

  static byte[] sha256(byte[] bytes) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256").digest(bytes);
  }

  private static byte[] agree(byte[] secretKey, byte[] point) throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance("X25519");
    PrivateKey secret =
        factory.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, secretKey));
    byte[] bigEndian = new byte[32];
    for (int i = 0; i < 32; i++) {
      bigEndian[i] = point[31 - i];
    }
    bigEndian[0] &= 0x7f;
    KeyAgreement agreement = KeyAgreement.getInstance("X25519");
    agreement.init(secret);
    agreement.doPhase(
        factory.generatePublic(
            new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, bigEndian))),
        true);
    return agreement.generateSecret();
  }

  private static byte[] gcm(byte[] key, byte[] nonce, byte[] associated, byte[] ciphertext)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
    cipher.updateAAD(associated);
    return cipher.doFinal(ciphertext);
  }

  private static byte[] labeledExtract(byte[] suite, byte[] salt, String label, byte[] ikm)
      throws GeneralSecurityException {
    return hmac(
        salt.length == 0 ? new byte[32] : salt,
        cat("HPKE-v1".getBytes(US_ASCII), suite, label.getBytes(US_ASCII), ikm));
  }

  /** At most 32 bytes, which is one block. */
  private static byte[] labeledExpand(
      byte[] suite, byte[] prk, String label, byte[] info, int length)
      throws GeneralSecurityException {
    byte[] labeled =
        cat(
            new byte[] {0, (byte) length},
            "HPKE-v1".getBytes(US_ASCII),
            suite,
            label.getBytes(US_ASCII),
            info,
            new byte[] {1});
    return Arrays.copyOf(hmac(prk, labeled), length);
  }

  private static byte[] hmac(byte[] key, byte[] data) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(data);
  }

  private static byte[] sized(byte[] field) {
    return cat(ByteBuffer.allocate(4).putInt(field.length).array(), field);
  }

  static byte[] cat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
