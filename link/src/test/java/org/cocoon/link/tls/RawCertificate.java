package org.cocoon.link.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** DER that claims to be a certificate; it may break every rule that builders enforce. */
final class RawCertificate extends Certificate {
  private static final long serialVersionUID = 1L;
  private static final AlgorithmIdentifier ECDSA =
      new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256);

  private final byte[] der;

  RawCertificate(byte[] der) {
    super("X.509");
    this.der = der.clone();
  }

  static RawCertificate issue(
      PublicKey subject, PrivateKey signer, Instant from, Instant until, Extension... extensions) {
    X500Name name = new X500Name("CN=forged");
    DERSequence signedPart =
        new DERSequence(
            new ASN1Encodable[] {
              new DERTaggedObject(true, 0, new ASN1Integer(2)),
              new ASN1Integer(BigInteger.TEN),
              ECDSA,
              name,
              new DERSequence(
                  new ASN1Encodable[] {new Time(Date.from(from)), new Time(Date.from(until))}),
              name,
              SubjectPublicKeyInfo.getInstance(subject.getEncoded()),
              new DERTaggedObject(true, 3, new DERSequence(extensions))
            });
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(signer);
      signature.update(signedPart.getEncoded("DER"));
      ASN1Encodable[] parts = {signedPart, ECDSA, new DERBitString(signature.sign())};
      return new RawCertificate(new DERSequence(parts).getEncoded("DER"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static RawCertificate issue(
      KeyPair key, Instant from, Instant until, List<Extension> extensions) {
    return issue(
        key.getPublic(), key.getPrivate(), from, until, extensions.toArray(Extension[]::new));
  }

  static Extension quote(byte[] quote) throws IOException {
    return critical(oid(LinkCertificate.QUOTE), new DEROctetString(quote).getEncoded());
  }

  static Extension snp(byte[] report, byte[] table) throws IOException {
    ASN1Encodable[] fields = {new DEROctetString(report), new DEROctetString(table)};
    return critical(oid(LinkCertificate.SNP), new DERSequence(fields).getEncoded());
  }

  static Extension claims(Claims claims) {
    return critical(oid(LinkCertificate.CLAIMS), claims.toDer());
  }

  static ASN1ObjectIdentifier oid(byte[] encoded) {
    return ASN1ObjectIdentifier.getInstance(encoded);
  }

  static Extension critical(ASN1ObjectIdentifier oid, byte[] value) {
    return new Extension(oid, true, new DEROctetString(value));
  }

  /** As a TLS provider would hand it over. */
  X509Certificate parsed() throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  @Override
  public byte[] getEncoded() {
    return der.clone();
  }

  @Override
  public void verify(PublicKey key) {
    throw new UnsupportedOperationException("only its DER counts");
  }

  @Override
  public void verify(PublicKey key, String provider) {
    throw new UnsupportedOperationException("only its DER counts");
  }

  @Override
  public PublicKey getPublicKey() {
    throw new UnsupportedOperationException("only its DER counts");
  }

  @Override
  public String toString() {
    return "raw certificate of " + der.length + " bytes";
  }
}
