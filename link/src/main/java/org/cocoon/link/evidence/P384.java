package org.cocoon.link.evidence;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;

/** ECDSA over P-384 (secp384r1) with SHA-384, as AMD's and NVIDIA's attestation reports have it. */
public final class P384 {
  /** Length of r, of s, and of a coordinate, in bytes. */
  public static final int SCALAR_BYTES = 48;

  /** Length of a signature, r and s, in bytes. */
  public static final int SIGNATURE_BYTES = 2 * SCALAR_BYTES;

  private static final String ALGORITHM = "SHA384withECDSAinP1363Format";

  /** A DER SubjectPublicKeyInfo of an uncompressed P-384 point, up to the point itself. */
  private static final byte[] SPKI_PREFIX =
      HexFormat.of().parseHex("3076301006072a8648ce3d020106052b81040022036200" + "04");

  // FIPS 186-4, D.1.2.4.
  private static final BigInteger ORDER =
      new BigInteger(
          "ffffffffffffffffffffffffffffffffffffffffffffffff"
              + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
          16);

  private P384() {}

  /** A fresh key pair. */
  public static KeyPair newKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp384r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot make P-384 keys", e);
    }
  }

  /** Whether a DER SubjectPublicKeyInfo holds an uncompressed P-384 point, in this one encoding. */
  public static boolean isSubjectPublicKey(byte[] spki) {
    return spki.length == SPKI_PREFIX.length + SIGNATURE_BYTES
        && Arrays.equals(spki, 0, SPKI_PREFIX.length, SPKI_PREFIX, 0, SPKI_PREFIX.length);
  }

  /** Whether r and s (big-endian, 96 bytes) sign the data; both must be in [1, n - 1]. */
  public static boolean verifies(PublicKey key, byte[] signature, byte[] data) {
    if (signature.length != SIGNATURE_BYTES
        || !isScalar(signature, 0)
        || !isScalar(signature, SCALAR_BYTES)) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(key);
      verifier.update(data);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** Signs the data; r and s, big-endian, 96 bytes. */
  public static byte[] sign(PrivateKey key, byte[] data) {
    try {
      Signature signer = Signature.getInstance(ALGORITHM);
      signer.initSign(key);
      signer.update(data);
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not a P-384 key that can sign", e);
    }
  }

  private static boolean isScalar(byte[] bytes, int offset) {
    BigInteger value = new BigInteger(1, bytes, offset, SCALAR_BYTES);
    return value.signum() > 0 && value.compareTo(ORDER) < 0;
  }
}
