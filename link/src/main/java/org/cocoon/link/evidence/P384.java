package org.cocoon.link.evidence;

import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;

/** ECDSA over P-384 (secp384r1) with SHA-384, as AMD's and NVIDIA's attestation reports have it. */
public final class P384 {
  /** Length of r, of s, and of a coordinate, in bytes. */
  public static final int SCALAR_BYTES = 48;

  /** Length of a signature, r and s, in bytes. */
  public static final int SIGNATURE_BYTES = 2 * SCALAR_BYTES;

  // The order is in FIPS 186-4, D.1.2.4.
  private static final EcdsaCurve CURVE =
      EcdsaCurve.of(
          "P-384",
          "secp384r1",
          "SHA384withECDSAinP1363Format",
          SCALAR_BYTES,
          "3076301006072a8648ce3d020106052b81040022036200" + "04",
          "ffffffffffffffffffffffffffffffffffffffffffffffff"
              + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973");

  private P384() {}

  /** A fresh key pair. */
  public static KeyPair newKeyPair() {
    return CURVE.newKeyPair();
  }

  /** Whether a DER SubjectPublicKeyInfo holds an uncompressed P-384 point, in this one encoding. */
  public static boolean isSubjectPublicKey(byte[] spki) {
    return CURVE.isSubjectPublicKey(spki);
  }

  /** Whether r and s (big-endian, 96 bytes) sign the data; both must be in [1, n - 1]. */
  public static boolean verifies(PublicKey key, byte[] signature, byte[] data) {
    return CURVE.verifies(key, signature, data);
  }

  /** Signs the data; r and s, big-endian, 96 bytes. */
  public static byte[] sign(PrivateKey key, byte[] data) {
    return CURVE.sign(key, data);
  }
}
