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

/**
 * ECDSA over one curve with one hash, in the one encoding that is accepted here.
 *
 * @param name as people know it, for example "P-256"
 * @param standardName as the JDK knows it
 * @param algorithm of signatures with r and s one after the other
 * @param scalarBytes length of r, of s, and of a coordinate
 * @param keyPrefix a DER SubjectPublicKeyInfo of an uncompressed point, up to the point itself
 * @param order of the group (FIPS 186-4, D.1.2)
 */
record EcdsaCurve(
    String name,
    String standardName,
    String algorithm,
    int scalarBytes,
    byte[] keyPrefix,
    BigInteger order) {

  static EcdsaCurve of(
      String name,
      String standardName,
      String algorithm,
      int scalarBytes,
      String keyPrefixHex,
      String orderHex) {
    return new EcdsaCurve(
        name,
        standardName,
        algorithm,
        scalarBytes,
        HexFormat.of().parseHex(keyPrefixHex),
        new BigInteger(orderHex, 16));
  }

  KeyPair newKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(standardName));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot make " + name + " keys", e);
    }
  }

  /** Whether a DER SubjectPublicKeyInfo holds an uncompressed point, in this one encoding. */
  boolean isSubjectPublicKey(byte[] spki) {
    return spki.length == keyPrefix.length + 2 * scalarBytes
        && Arrays.equals(spki, 0, keyPrefix.length, keyPrefix, 0, keyPrefix.length);
  }

  /** Whether r and s, big-endian, sign the data; both must be in [1, n - 1]. */
  boolean verifies(PublicKey key, byte[] signature, byte[] data) {
    if (signature.length != 2 * scalarBytes
        || !isScalar(signature, 0)
        || !isScalar(signature, scalarBytes)) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(key);
      verifier.update(data);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** Signs the data; r and s, big-endian. */
  byte[] sign(PrivateKey key, byte[] data) {
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(data);
      return signer.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not a " + name + " key that can sign", e);
    }
  }

  private boolean isScalar(byte[] bytes, int offset) {
    BigInteger value = new BigInteger(1, bytes, offset, scalarBytes);
    return value.signum() > 0 && value.compareTo(order) < 0;
  }
}
