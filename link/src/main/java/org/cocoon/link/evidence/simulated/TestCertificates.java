package org.cocoon.link.evidence.simulated;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.EcdsaSigned;
import org.cocoon.link.evidence.PckExtension;

/** Makes the certificates and lists that a simulated platform needs, as Intel shapes them. */
final class TestCertificates {
  private static final String KEY_USAGE = "2.5.29.15";
  private static final String BASIC_CONSTRAINTS = "2.5.29.19";

  static final String ROOT_NAME = "Cocoon SIMULATED NOT SECURE Root CA";
  static final String PLATFORM_CA_NAME = "Cocoon SIMULATED NOT SECURE Platform CA";
  private static final String CRL_NUMBER = "2.5.29.20";
  private static final String SIGNER_NAME = "Cocoon SIMULATED NOT SECURE TCB Signing";
  private static final String PCK_NAME = "Cocoon SIMULATED NOT SECURE PCK Certificate";

  /** What the simulated platform says of itself; this FMSPC is none of Intel's. */
  static final PckExtension PLATFORM =
      new PckExtension(
          List.of(7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0), 13, "0000", "c0c000000000");

  // BIT STRINGs: keyCertSign and cRLSign; digitalSignature and nonRepudiation. RFC 5280, 4.2.1.3.
  private static final Extension CA_USAGE = keyUsage(1, 0x06);
  private static final Extension LEAF_USAGE = keyUsage(6, 0xc0);

  private TestCertificates() {}

  static byte[] root(KeyPair key, Instant from, Duration validity) {
    return EcdsaCertificate.issue(
        ROOT_NAME,
        key.getPublic(),
        ROOT_NAME,
        key.getPrivate(),
        from,
        from.plus(validity),
        List.of(CA_USAGE, ca(1)));
  }

  static byte[] platformCa(PublicKey key, PrivateKey root, Instant from, Duration validity) {
    return EcdsaCertificate.issue(
        PLATFORM_CA_NAME,
        key,
        ROOT_NAME,
        root,
        from,
        from.plus(validity),
        List.of(CA_USAGE, ca(0)));
  }

  static byte[] pck(PublicKey key, PrivateKey platformCa, Instant from, Duration validity) {
    Extension sgx = new Extension(Der.oid(PckExtension.OID), false, PLATFORM.toDer());
    return EcdsaCertificate.issue(
        PCK_NAME,
        key,
        PLATFORM_CA_NAME,
        platformCa,
        from,
        from.plus(validity),
        List.of(LEAF_USAGE, notCa(), sgx));
  }

  static byte[] tcbSigner(PublicKey key, PrivateKey root, Instant from, Duration validity) {
    return EcdsaCertificate.issue(
        SIGNER_NAME, key, ROOT_NAME, root, from, from.plus(validity), List.of(LEAF_USAGE, notCa()));
  }

  static byte[] revocationList(
      String issuer, PrivateKey key, Instant from, Instant until, Set<BigInteger> revoked) {
    byte[][] entries =
        revoked.stream()
            .sorted()
            .map(serial -> Der.sequence(Der.integer(serial), Der.time(from)))
            .toArray(byte[][]::new);
    Extension number = new Extension(Der.oid(CRL_NUMBER), false, Der.integer(1));
    byte[] signedPart =
        Der.sequence(
            Der.integer(1),
            EcdsaSigned.algorithm(),
            EcdsaCertificate.name(issuer),
            Der.time(from),
            Der.time(until),
            entries.length == 0 ? new byte[0] : Der.sequence(entries),
            Der.tagged(0, Der.sequence(number.encoded())));
    return EcdsaSigned.sign(key, signedPart);
  }

  private static Extension notCa() {
    return new Extension(Der.oid(BASIC_CONSTRAINTS), true, Der.sequence());
  }

  private static Extension ca(int pathLength) {
    byte[] isCa = Der.value(Der.BOOLEAN, new byte[] {(byte) 0xff});
    return new Extension(
        Der.oid(BASIC_CONSTRAINTS), true, Der.sequence(isCa, Der.integer(pathLength)));
  }

  private static Extension keyUsage(int unusedBits, int bits) {
    byte[] value = Der.value(Der.BIT_STRING, new byte[] {(byte) unusedBits, (byte) bits});
    return new Extension(Der.oid(KEY_USAGE), true, value);
  }
}
