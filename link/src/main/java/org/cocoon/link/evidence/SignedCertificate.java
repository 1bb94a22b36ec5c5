package org.cocoon.link.evidence;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * An X.509 v3 certificate as AMD and NVIDIA sign them, in the one encoding that it has.
 *
 * <p>As for {@link EcdsaCertificate}, the frame around the signed part is read strictly, so that no
 * bit of a certificate can change unnoticed. RFC 5280, 4.1; for RSA, RFC 4055, 3.1.
 *
 * @param x509 the certificate as the JDK reads it
 * @param der all of it; must not be changed
 * @param signedPart what the signature covers (TBSCertificate)
 * @param scheme how it is signed
 * @param signature r and s, big-endian, 96 bytes; or the RSA signature; must not be changed
 */
public record SignedCertificate(
    X509Certificate x509, byte[] der, DerValue signedPart, Scheme scheme, byte[] signature) {
  /** Longest certificate that is looked at, in bytes; real ones have up to 1,700. */
  public static final int MAX_BYTES = 16 * 1024;

  private static final byte[] ECDSA_WITH_SHA384 = Der.sequence(Der.oid("1.2.840.10045.4.3.3"));
  private static final byte[] SHA384 =
      Der.sequence(Der.oid("2.16.840.1.101.3.4.2.2"), Der.value(0x05));
  private static final byte[] PSS_OID = Der.oid("1.2.840.113549.1.1.10");
  private static final byte[] MGF1_SHA384 = Der.sequence(Der.oid("1.2.840.113549.1.1.8"), SHA384);
  private static final byte[] PSS_SHA384 =
      Der.sequence(
          PSS_OID,
          Der.sequence(
              Der.tagged(0, SHA384), Der.tagged(1, MGF1_SHA384), Der.tagged(2, Der.integer(48))));

  /** AMD writes the trailer field out, although DER leaves a default away. */
  private static final byte[] PSS_SHA384_AMD =
      Der.sequence(
          PSS_OID,
          Der.sequence(
              Der.tagged(0, SHA384),
              Der.tagged(1, MGF1_SHA384),
              Der.tagged(2, Der.integer(48)),
              Der.tagged(3, Der.integer(1))));

  private static final PSSParameterSpec PSS =
      new PSSParameterSpec(
          "SHA-384", "MGF1", MGF1ParameterSpec.SHA384, 48, PSSParameterSpec.TRAILER_FIELD_BC);
  private static final int RSA_BITS = 4096;
  private static final int KEY_USAGE_CERT_SIGN = 5;
  private static final int ALGORITHM_FIELD = 2;

  /** The two ways in which these certificates are signed. */
  public enum Scheme {
    /** ECDSA, P-384, SHA-384. */
    ECDSA_P384_SHA384,
    /** RSASSA-PSS, 4096 bits, SHA-384, 48 bytes of salt. */
    RSA_PSS_SHA384
  }

  /**
   * Reads a certificate; its signature is not checked yet.
   *
   * @throws DerException if it is not one, or differently encoded or signed
   */
  public static SignedCertificate parse(byte[] der) throws DerException {
    if (der.length > MAX_BYTES) {
      throw new DerException("it has " + der.length + " bytes, more than " + MAX_BYTES);
    }
    List<DerValue> frame = DerValue.of(der).elements(Der.SEQUENCE, 3);
    Scheme scheme = schemeOf(frame.get(1));
    List<DerValue> signedPart = frame.get(0).elements(Der.SEQUENCE);
    if (signedPart.size() <= ALGORITHM_FIELD
        || !signedPart.get(ALGORITHM_FIELD).is(frame.get(1).encoded())) {
      throw new DerException("it names two different signature algorithms, or is not version 3");
    }
    byte[] bits = frame.get(2).bits();
    byte[] signature = scheme == Scheme.ECDSA_P384_SHA384 ? scalars(bits) : bits;
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      X509Certificate x509 =
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
      return new SignedCertificate(x509, der.clone(), frame.get(0), scheme, signature);
    } catch (CertificateException e) {
      throw new DerException(String.valueOf(e.getMessage()));
    }
  }

  /** Whether this certificate's key made that one's signature, under the name that it gives. */
  public boolean issued(SignedCertificate other) {
    return Arrays.equals(
            other.x509.getIssuerX500Principal().getEncoded(),
            x509.getSubjectX500Principal().getEncoded())
        && other.signedBy(x509.getPublicKey());
  }

  /** Whether it is a CA that may have this many CAs below it. */
  public boolean mayIssue(int casBelow) {
    boolean[] usage = x509.getKeyUsage();
    // getBasicConstraints is -1 for a certificate that may not issue.
    return usage != null
        && usage[KEY_USAGE_CERT_SIGN]
        && x509.getBasicConstraints() >= casBelow
        && !x509.hasUnsupportedCriticalExtension();
  }

  /** Whether it is valid at this time. */
  public boolean isValidAt(Instant now) {
    return !now.isBefore(notBefore()) && !now.isAfter(notAfter());
  }

  /** First moment of its validity. */
  public Instant notBefore() {
    return x509.getNotBefore().toInstant();
  }

  /** Last moment of its validity. */
  public Instant notAfter() {
    return x509.getNotAfter().toInstant();
  }

  /** Whom it names, for messages. */
  public String subject() {
    return x509.getSubjectX500Principal().getName();
  }

  /** Whether this key signed it. */
  public boolean signedBy(PublicKey key) {
    return switch (scheme) {
      case ECDSA_P384_SHA384 ->
          P384.isSubjectPublicKey(key.getEncoded())
              && P384.verifies(key, signature, signedPart.encoded());
      case RSA_PSS_SHA384 ->
          key instanceof RSAPublicKey rsa
              && rsa.getModulus().bitLength() == RSA_BITS
              && pssVerifies(rsa);
    };
  }

  private boolean pssVerifies(RSAPublicKey key) {
    try {
      Signature verifier = Signature.getInstance("RSASSA-PSS");
      verifier.setParameter(PSS);
      verifier.initVerify(key);
      verifier.update(signedPart.encoded());
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static Scheme schemeOf(DerValue algorithm) throws DerException {
    if (algorithm.is(ECDSA_WITH_SHA384)) {
      return Scheme.ECDSA_P384_SHA384;
    }
    if (algorithm.is(PSS_SHA384) || algorithm.is(PSS_SHA384_AMD)) {
      return Scheme.RSA_PSS_SHA384;
    }
    throw new DerException("it is signed neither with ecdsa-with-SHA384 nor RSASSA-PSS SHA-384");
  }

  private static byte[] scalars(byte[] der) throws DerException {
    List<DerValue> pair = DerValue.of(der).elements(Der.SEQUENCE, 2);
    byte[] scalars = new byte[P384.SIGNATURE_BYTES];
    writeScalar(pair.get(0).integer(), scalars, 0);
    writeScalar(pair.get(1).integer(), scalars, P384.SCALAR_BYTES);
    return scalars;
  }

  private static void writeScalar(BigInteger scalar, byte[] target, int offset)
      throws DerException {
    byte[] bytes = scalar.toByteArray();
    int from = bytes[0] == 0 ? 1 : 0;
    int length = bytes.length - from;
    if (scalar.signum() <= 0 || length > P384.SCALAR_BYTES) {
      throw new DerException("a signature's value is out of range");
    }
    System.arraycopy(bytes, from, target, offset + P384.SCALAR_BYTES - length, length);
  }
}
