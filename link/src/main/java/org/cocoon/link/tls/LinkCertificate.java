package org.cocoon.link.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P256;

/**
 * The certificate of a link: a self-signed P-256 key with a quote that vouches for it.
 *
 * <p>Two critical extensions, under an arc of this project's own (2.25 and a random UUID, as ITU-T
 * X.667 lets anyone take): {@code .1} is an OCTET STRING with the quote, {@code .2} are the {@link
 * Claims}. The quote's report data is SHA-512 of a label, the DER of the public key and the claims.
 */
sealed interface LinkCertificate {
  /** Longest time that a certificate may be valid, and claims may be old. */
  Duration MAX_VALIDITY = Duration.ofDays(1);

  /** How far a node's clock may run ahead of its peer's. */
  Duration CLOCK_SKEW = Duration.ofMinutes(1);

  ASN1ObjectIdentifier QUOTE =
      new ASN1ObjectIdentifier("2.25.78323838167326399797837577393372858040.1");
  ASN1ObjectIdentifier CLAIMS =
      new ASN1ObjectIdentifier("2.25.78323838167326399797837577393372858040.2");

  /**
   * In order by itself; its evidence is still to be checked.
   *
   * @param claims what it says
   * @param quote what shall vouch for it
   * @param reportData what the quote must have been made for, 64 bytes
   * @param signedPart the DER that its signature covers
   * @param notAfter when it ends
   */
  record Sound(Claims claims, byte[] quote, byte[] reportData, byte[] signedPart, Instant notAfter)
      implements LinkCertificate {}

  /**
   * Refused.
   *
   * @param fault the first rule that it breaks
   * @param detail what was found and what would be right
   */
  record Faulty(CertificateFault fault, String detail) implements LinkCertificate {}

  /** What the quote of a key and its claims must have been made for, 64 bytes. */
  static byte[] reportData(byte[] publicKeyDer, byte[] claimsDer) {
    MessageDigest digest = Digests.of("SHA-512");
    digest.update("cocoon link evidence v1\0".getBytes(US_ASCII));
    digest.update(publicKeyDer);
    digest.update(claimsDer);
    return digest.digest();
  }

  /** Makes one. */
  static X509Certificate issue(KeyPair key, Claims claims, byte[] quote) {
    Instant from = claims.createdAt().minus(CLOCK_SKEW);
    X500Name name = new X500Name("CN=cocoon " + claims.role().word());
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            name,
            new BigInteger(1, Digests.sha256(key.getPublic().getEncoded())).shiftRight(128),
            Date.from(from),
            Date.from(from.plus(MAX_VALIDITY)),
            name,
            SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded()));
    try {
      builder.addExtension(QUOTE, true, new DEROctetString(quote));
      builder.addExtension(CLAIMS, true, ASN1Primitive.fromByteArray(claims.toDer()));
      return parse(builder.build(P256.contentSigner(key.getPrivate())).getEncoded());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (CertificateException e) {
      throw new IllegalStateException("a certificate made here cannot be read", e);
    }
  }

  /** Reads one and checks every rule that needs no policy. */
  static LinkCertificate read(Certificate presented, Instant now) {
    try {
      byte[] der = presented.getEncoded();
      // Extensions are walked by hand: no parser may settle what a doubled one means.
      ASN1Sequence certificate = ASN1Sequence.getInstance(ASN1Primitive.fromByteArray(der));
      ASN1Sequence signedPart = ASN1Sequence.getInstance(certificate.getObjectAt(0));
      if (!Arrays.equals(certificate.getEncoded("DER"), der)) {
        return new Faulty(CertificateFault.MALFORMED_CERTIFICATE, "it is not DER");
      }
      return switch (LinkExtensions.of(extensions(signedPart))) {
        case LinkExtensions.Faulty faulty -> new Faulty(faulty.fault(), faulty.detail());
        case LinkExtensions.Found found ->
            check(parse(der), found, signedPart.getEncoded("DER"), now);
      };
    } catch (IOException | CertificateException | RuntimeException e) {
      return new Faulty(
          CertificateFault.MALFORMED_CERTIFICATE, "it cannot be read: " + e.getMessage());
    }
  }

  private static LinkCertificate check(
      X509Certificate certificate, LinkExtensions.Found found, byte[] signedPart, Instant now) {
    byte[] publicKey = certificate.getPublicKey().getEncoded();
    if (!P256.isSubjectPublicKey(publicKey)) {
      return new Faulty(
          CertificateFault.KEY_TYPE, certificate.getPublicKey().getAlgorithm() + ", not P-256");
    }
    Instant from = certificate.getNotBefore().toInstant();
    Instant until = certificate.getNotAfter().toInstant();
    if (now.isBefore(from) || now.isAfter(until)) {
      return new Faulty(
          CertificateFault.NOT_VALID_NOW,
          "it is valid from " + from + " to " + until + ", and it is " + now);
    }
    if (Duration.between(from, until).compareTo(MAX_VALIDITY) > 0) {
      return new Faulty(
          CertificateFault.VALID_TOO_LONG,
          "it is valid for " + Duration.between(from, until) + ", more than " + MAX_VALIDITY);
    }
    Instant created = found.claims().createdAt();
    if (now.isBefore(created.minus(CLOCK_SKEW)) || now.isAfter(created.plus(MAX_VALIDITY))) {
      return new Faulty(
          CertificateFault.STALE_CLAIMS, "its claims are of " + created + ", and it is " + now);
    }
    try {
      certificate.verify(certificate.getPublicKey());
    } catch (GeneralSecurityException e) {
      return new Faulty(CertificateFault.SELF_SIGNATURE, "its own key did not sign it");
    }
    byte[] reportData = reportData(publicKey, found.claimsDer());
    return new Sound(found.claims(), found.quote(), reportData, signedPart, until);
  }

  private static List<Extension> extensions(ASN1Sequence signedPart) {
    List<Extension> extensions = new ArrayList<>();
    for (ASN1Encodable field : signedPart) {
      if (field instanceof ASN1TaggedObject tagged && tagged.getTagNo() == 3) {
        for (ASN1Encodable extension : ASN1Sequence.getInstance(tagged, true)) {
          extensions.add(Extension.getInstance(extension));
        }
      }
    }
    return extensions;
  }

  private static X509Certificate parse(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }
}
