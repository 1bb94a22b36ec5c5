package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.PckExtension;

/** Makes the three kinds of certificate that a simulated platform needs, as Intel shapes them. */
final class TestCertificates {
  static final String ROOT_NAME = "CN=Cocoon SIMULATED NOT SECURE Root CA,O=Cocoon test network";
  static final String PLATFORM_CA_NAME =
      "CN=Cocoon SIMULATED NOT SECURE Platform CA,O=Cocoon test network";
  private static final String PCK_NAME =
      "CN=Cocoon SIMULATED NOT SECURE PCK Certificate,O=Cocoon test network";

  /** What the simulated platform says of itself; this FMSPC is none of Intel's. */
  static final PckExtension PLATFORM =
      new PckExtension(
          List.of(7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0), 13, "0000", "c0c000000000");

  private static final int CA_USAGE = KeyUsage.keyCertSign | KeyUsage.cRLSign;
  private static final int LEAF_USAGE = KeyUsage.digitalSignature | KeyUsage.nonRepudiation;

  private TestCertificates() {}

  static byte[] root(KeyPair key, Instant from, Duration validity) {
    X509v3CertificateBuilder builder =
        builder(ROOT_NAME, ROOT_NAME, key.getPublic(), from, validity);
    return ca(builder, 1, key.getPrivate());
  }

  static byte[] platformCa(PublicKey key, PrivateKey root, Instant from, Duration validity) {
    return ca(builder(PLATFORM_CA_NAME, ROOT_NAME, key, from, validity), 0, root);
  }

  static byte[] pck(PublicKey key, PrivateKey platformCa, Instant from, Duration validity) {
    X509v3CertificateBuilder builder = builder(PCK_NAME, PLATFORM_CA_NAME, key, from, validity);
    try {
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(LEAF_USAGE));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(new ASN1ObjectIdentifier(PckExtension.OID), false, sgx(PLATFORM));
      return builder.build(P256.contentSigner(platformCa)).getEncoded();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] ca(X509v3CertificateBuilder builder, int pathLength, PrivateKey issuer) {
    try {
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(CA_USAGE));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(pathLength));
      return builder.build(P256.contentSigner(issuer)).getEncoded();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static X509v3CertificateBuilder builder(
      String subject, String issuer, PublicKey key, Instant from, Duration validity) {
    return new X509v3CertificateBuilder(
        new X500Name(issuer),
        new BigInteger(1, Digests.sha256(key.getEncoded())).shiftRight(128),
        Date.from(from),
        Date.from(from.plus(validity)),
        new X500Name(subject),
        SubjectPublicKeyInfo.getInstance(key.getEncoded()));
  }

  private static DERSequence sgx(PckExtension platform) {
    ASN1EncodableVector tcb = new ASN1EncodableVector();
    for (int i = 0; i < PckExtension.COMPONENTS; i++) {
      tcb.add(field("2." + (i + 1), new ASN1Integer(platform.componentSvns().get(i))));
    }
    tcb.add(field("2.17", new ASN1Integer(platform.pceSvn())));
    tcb.add(field("2.18", new DEROctetString(new byte[16])));
    ASN1EncodableVector fields = new ASN1EncodableVector();
    fields.add(field("1", new DEROctetString(new byte[16])));
    fields.add(field("2", new DERSequence(tcb)));
    fields.add(field("3", new DEROctetString(HexFormat.of().parseHex(platform.pceId()))));
    fields.add(field("4", new DEROctetString(HexFormat.of().parseHex(platform.fmspc()))));
    return new DERSequence(fields);
  }

  private static DERSequence field(String suffix, ASN1Encodable value) {
    ASN1EncodableVector pair = new ASN1EncodableVector();
    pair.add(new ASN1ObjectIdentifier(PckExtension.OID + "." + suffix));
    pair.add(value);
    return new DERSequence(pair);
  }
}
