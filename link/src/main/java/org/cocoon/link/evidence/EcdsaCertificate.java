package org.cocoon.link.evidence;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An X.509 v3 certificate signed with ecdsa-with-SHA256, in the one encoding that it has.
 *
 * <p>The frame around the signed part is read strictly, so that no bit of a certificate can change
 * unnoticed. RFC 5280, 4.1. Read and made here for platforms and for links alike.
 *
 * @param x509 the certificate as the JDK reads it
 * @param signedPart what the signature covers (TBSCertificate)
 * @param signature r and s, big-endian, 64 bytes
 */
public record EcdsaCertificate(X509Certificate x509, DerValue signedPart, byte[] signature) {
  private static final byte[] COMMON_NAME = Der.oid("2.5.4.3");
  private static final byte[] TRUE = Der.value(Der.BOOLEAN, new byte[] {(byte) 0xff});
  private static final byte[] VERSION_3 = Der.tagged(0, Der.integer(2));
  private static final int EXTENSIONS_TAG = 0xa3;
  private static final int EXTENSIONS_NUMBER = 3;

  /**
   * One extension.
   *
   * @param oid its encoded object identifier
   * @param critical whether who does not know it must refuse the certificate
   * @param value DER, without the OCTET STRING around it
   */
  public record Extension(byte[] oid, boolean critical, byte[] value) {
    /** The extension in DER, as certificates and revocation lists hold it. */
    public byte[] encoded() {
      return Der.sequence(oid, critical ? TRUE : new byte[0], Der.octets(value));
    }
  }

  /**
   * Reads a certificate; its signature is not checked yet.
   *
   * @throws DerException if it is not one, or differently encoded or signed
   */
  public static EcdsaCertificate parse(byte[] der) throws DerException {
    EcdsaSigned signed = EcdsaSigned.parse(der);
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      X509Certificate x509 =
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
      return new EcdsaCertificate(x509, signed.signedPart(), signed.signature());
    } catch (CertificateException e) {
      throw new DerException(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The extensions of a certificate in their order, doubled ones included, before any parser has
   * settled what that means.
   */
  public static List<Extension> extensions(byte[] der) throws DerException {
    DerValue signedPart = DerValue.of(der).elements(Der.SEQUENCE, 3).getFirst();
    List<Extension> extensions = new ArrayList<>();
    for (DerValue field : signedPart.elements(Der.SEQUENCE)) {
      if (field.tag() == EXTENSIONS_TAG) {
        for (DerValue element :
            field.elements(EXTENSIONS_TAG, 1).getFirst().elements(Der.SEQUENCE)) {
          extensions.add(extension(element));
        }
      }
    }
    return extensions;
  }

  /** Whether this key signed it. */
  public boolean signedBy(PublicKey key) {
    return P256.verifies(key, signature, signedPart.encoded());
  }

  /**
   * Makes a certificate.
   *
   * @param subject the common name
   * @param key the subject's
   * @param issuer the issuer's common name
   * @param signer the issuer's key
   * @param from the first second of its validity
   * @param until the last
   * @return its DER
   */
  public static byte[] issue(
      String subject,
      PublicKey key,
      String issuer,
      PrivateKey signer,
      Instant from,
      Instant until,
      List<Extension> extensions) {
    byte[][] encoded = extensions.stream().map(Extension::encoded).toArray(byte[][]::new);
    byte[] signedPart =
        Der.sequence(
            VERSION_3,
            Der.integer(serial(key)),
            EcdsaSigned.algorithm(),
            name(issuer),
            Der.sequence(Der.time(from), Der.time(until)),
            name(subject),
            key.getEncoded(),
            Der.tagged(EXTENSIONS_NUMBER, Der.sequence(encoded)));
    return EcdsaSigned.sign(signer, signedPart);
  }

  static Extension extension(DerValue element) throws DerException {
    List<DerValue> fields = element.elements(Der.SEQUENCE);
    boolean critical = fields.size() == 3 && fields.get(1).is(TRUE);
    if (fields.size() != (critical ? 3 : 2)) {
      throw new DerException("an extension is not name, criticality and value");
    }
    fields.getFirst().expect(Der.OBJECT_IDENTIFIER);
    return new Extension(
        fields.getFirst().encoded(), critical, fields.getLast().expect(Der.OCTET_STRING));
  }

  /** Keys are fresh, so a hash of one is as good as a random serial number. */
  private static BigInteger serial(PublicKey key) {
    return new BigInteger(1, Arrays.copyOf(Digests.sha256(key.getEncoded()), 16));
  }

  /** A name in DER that holds a common name alone. */
  public static byte[] name(String commonName) {
    return Der.sequence(Der.value(Der.SET, Der.sequence(COMMON_NAME, Der.text(commonName))));
  }
}
