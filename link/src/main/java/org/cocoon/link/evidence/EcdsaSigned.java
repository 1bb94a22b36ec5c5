package org.cocoon.link.evidence;

import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.List;

/**
 * What certificates and revocation lists have in common: a part, and who signed it with
 * ecdsa-with-SHA256. RFC 5280, 4.1.1 and 5.1.1.
 *
 * @param signedPart what the signature covers
 * @param signature r and s, big-endian, 64 bytes
 */
public record EcdsaSigned(DerValue signedPart, byte[] signature) {
  private static final byte[] ECDSA_WITH_SHA256 = Der.sequence(Der.oid("1.2.840.10045.4.3.2"));
  private static final int SCALAR_BYTES = 32;

  /** Reads the frame; the signature is not checked yet. */
  static EcdsaSigned parse(byte[] der) throws DerException {
    List<DerValue> frame = DerValue.of(der).elements(Der.SEQUENCE, 3);
    if (!frame.get(1).is(ECDSA_WITH_SHA256)) {
      throw new DerException("it is not signed with ecdsa-with-SHA256");
    }
    List<DerValue> signature = DerValue.of(frame.get(2).bits()).elements(Der.SEQUENCE, 2);
    byte[] scalars = new byte[2 * SCALAR_BYTES];
    writeScalar(signature.get(0).integer(), scalars, 0);
    writeScalar(signature.get(1).integer(), scalars, SCALAR_BYTES);
    return new EcdsaSigned(frame.get(0), scalars);
  }

  /** Signs a part, and gives the whole in DER. */
  public static byte[] sign(PrivateKey signer, byte[] part) {
    byte[] signature = P256.sign(signer, part);
    byte[] scalars =
        Der.sequence(
            Der.integer(new BigInteger(1, signature, 0, SCALAR_BYTES)),
            Der.integer(new BigInteger(1, signature, SCALAR_BYTES, SCALAR_BYTES)));
    return Der.sequence(part, ECDSA_WITH_SHA256, Der.bits(scalars));
  }

  /** The algorithm as it also stands inside of the signed part. */
  public static byte[] algorithm() {
    return ECDSA_WITH_SHA256.clone();
  }

  /** Whether this key signed it. */
  boolean signedBy(PublicKey key) {
    return P256.verifies(key, signature, signedPart.encoded());
  }

  private static void writeScalar(BigInteger scalar, byte[] target, int offset)
      throws DerException {
    byte[] bytes = scalar.toByteArray();
    int from = bytes[0] == 0 ? 1 : 0;
    int length = bytes.length - from;
    if (scalar.signum() <= 0 || length > SCALAR_BYTES) {
      throw new DerException("a signature's value is out of range");
    }
    System.arraycopy(bytes, from, target, offset + SCALAR_BYTES - length, length);
  }
}
