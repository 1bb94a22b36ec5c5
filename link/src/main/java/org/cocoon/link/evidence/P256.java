package org.cocoon.link.evidence;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Optional;

/** ECDSA over P-256 (secp256r1) with SHA-256, the only signature that TDX quotes and links use. */
public final class P256 {
  private static final int COORDINATE_BYTES = 32;
  private static final int POINT_BYTES = 2 * COORDINATE_BYTES;

  // FIPS 186-4, D.1.2.3; a = -3.
  private static final BigInteger PRIME =
      new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
  private static final BigInteger B =
      new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);

  private static final EcdsaCurve CURVE =
      EcdsaCurve.of(
          "P-256",
          "secp256r1",
          "SHA256withECDSAinP1363Format",
          COORDINATE_BYTES,
          "3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04",
          "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

  private P256() {}

  /** A fresh key pair. */
  public static KeyPair newKeyPair() {
    return CURVE.newKeyPair();
  }

  /** Whether a DER SubjectPublicKeyInfo holds an uncompressed P-256 point, in this one encoding. */
  public static boolean isSubjectPublicKey(byte[] spki) {
    return CURVE.isSubjectPublicKey(spki);
  }

  /** The point (x, y; big-endian, 64 bytes) of a key of this curve. */
  public static byte[] point(PublicKey key) {
    byte[] spki = key.getEncoded();
    if (!isSubjectPublicKey(spki)) {
      throw new IllegalArgumentException("not a P-256 key");
    }
    return Arrays.copyOfRange(spki, spki.length - POINT_BYTES, spki.length);
  }

  /** The key with this point (x, y; big-endian, 64 bytes), empty if it is not on the curve. */
  public static Optional<ECPublicKey> keyAt(byte[] point) {
    if (point.length != POINT_BYTES || !isOnCurve(point)) {
      return Optional.empty();
    }
    byte[] prefix = CURVE.keyPrefix();
    byte[] spki = Arrays.copyOf(prefix, prefix.length + POINT_BYTES);
    System.arraycopy(point, 0, spki, prefix.length, POINT_BYTES);
    try {
      KeyFactory factory = KeyFactory.getInstance("EC");
      return Optional.of((ECPublicKey) factory.generatePublic(new X509EncodedKeySpec(spki)));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  /** Whether r and s (big-endian, 64 bytes) sign the data; both must be in [1, n - 1]. */
  public static boolean verifies(PublicKey key, byte[] signature, byte[] data) {
    return CURVE.verifies(key, signature, data);
  }

  /** Signs the data; r and s, big-endian, 64 bytes. */
  public static byte[] sign(PrivateKey key, byte[] data) {
    return CURVE.sign(key, data);
  }

  private static boolean isOnCurve(byte[] point) {
    BigInteger x = coordinate(point, 0);
    BigInteger y = coordinate(point, COORDINATE_BYTES);
    if (x.compareTo(PRIME) >= 0 || y.compareTo(PRIME) >= 0) {
      return false;
    }
    BigInteger right = x.multiply(x).subtract(BigInteger.valueOf(3)).multiply(x).add(B).mod(PRIME);
    return y.multiply(y).mod(PRIME).equals(right);
  }

  private static BigInteger coordinate(byte[] bytes, int offset) {
    return new BigInteger(1, bytes, offset, COORDINATE_BYTES);
  }
}
