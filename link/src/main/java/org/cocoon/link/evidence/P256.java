package org.cocoon.link.evidence;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** ECDSA over P-256 (secp256r1) with SHA-256, the only signature that TDX quotes and links use. */
public final class P256 {
  private static final String ALGORITHM = "SHA256withECDSAinP1363Format";

  /** A DER SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point itself. */
  private static final byte[] SPKI_PREFIX =
      HexFormat.of().parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04");

  private static final int COORDINATE_BYTES = 32;
  private static final int POINT_BYTES = 2 * COORDINATE_BYTES;

  // FIPS 186-4, D.1.2.3; a = -3.
  private static final BigInteger PRIME =
      new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
  private static final BigInteger B =
      new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);
  private static final BigInteger ORDER =
      new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

  private P256() {}

  /** A fresh key pair. */
  public static KeyPair newKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot make P-256 keys", e);
    }
  }

  /** Whether a DER SubjectPublicKeyInfo holds an uncompressed P-256 point, in this one encoding. */
  public static boolean isSubjectPublicKey(byte[] spki) {
    return spki.length == SPKI_PREFIX.length + POINT_BYTES
        && Arrays.equals(spki, 0, SPKI_PREFIX.length, SPKI_PREFIX, 0, SPKI_PREFIX.length);
  }

  /** The point (x, y; big-endian, 64 bytes) of a key of this curve. */
  public static byte[] point(PublicKey key) {
    byte[] spki = key.getEncoded();
    if (!isSubjectPublicKey(spki)) {
      throw new IllegalArgumentException("not a P-256 key");
    }
    return Arrays.copyOfRange(spki, SPKI_PREFIX.length, spki.length);
  }

  /** The key with this point (x, y; big-endian, 64 bytes), empty if it is not on the curve. */
  public static Optional<ECPublicKey> keyAt(byte[] point) {
    if (point.length != POINT_BYTES || !isOnCurve(point)) {
      return Optional.empty();
    }
    byte[] spki = Arrays.copyOf(SPKI_PREFIX, SPKI_PREFIX.length + POINT_BYTES);
    System.arraycopy(point, 0, spki, SPKI_PREFIX.length, POINT_BYTES);
    try {
      KeyFactory factory = KeyFactory.getInstance("EC");
      return Optional.of((ECPublicKey) factory.generatePublic(new X509EncodedKeySpec(spki)));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  /** Whether r and s (big-endian, 64 bytes) sign the data; both must be in [1, n - 1]. */
  public static boolean verifies(PublicKey key, byte[] signature, byte[] data) {
    if (signature.length != POINT_BYTES
        || !isScalar(coordinate(signature, 0))
        || !isScalar(coordinate(signature, COORDINATE_BYTES))) {
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

  /** Signs the data; r and s, big-endian, 64 bytes. */
  public static byte[] sign(PrivateKey key, byte[] data) {
    try {
      Signature signer = Signature.getInstance(ALGORITHM);
      signer.initSign(key);
      signer.update(data);
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not a P-256 key that can sign", e);
    }
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

  private static boolean isScalar(BigInteger value) {
    return value.signum() > 0 && value.compareTo(ORDER) < 0;
  }

  private static BigInteger coordinate(byte[] bytes, int offset) {
    return new BigInteger(1, bytes, offset, COORDINATE_BYTES);
  }
}
