package org.cocoon.link.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.gpu.GpuBundle;

/**
 * The certificate of a link: a self-signed P-256 key with a quote that vouches for it.
 *
 * <p>Critical extensions, under an arc of this project's own (2.25 and a random UUID, as ITU-T
 * X.667 lets anyone take): {@code .1} is an OCTET STRING with the quote, {@code .2} are the {@link
 * Claims}, and {@code .3}, where there are GPUs, is a {@link GpuBundle}. The quote's report data is
 * SHA-512 of a label, the DER of the public key and the claims.
 */
sealed interface LinkCertificate {
  /** Longest time that a certificate may be valid, and claims may be old. */
  Duration MAX_VALIDITY = Duration.ofDays(1);

  /** How far a node's clock may run ahead of its peer's. */
  Duration CLOCK_SKEW = Duration.ofMinutes(1);

  /** Encoded object identifier of the quote's extension. */
  byte[] QUOTE = Der.oid("2.25.78323838167326399797837577393372858040.1");

  /** Encoded object identifier of the claims' extension. */
  byte[] CLAIMS = Der.oid("2.25.78323838167326399797837577393372858040.2");

  /** Encoded object identifier of the extension with the evidence of GPUs. */
  byte[] GPU_BUNDLE = Der.oid("2.25.78323838167326399797837577393372858040.3");

  /**
   * In order by itself; its evidence is still to be checked.
   *
   * @param claims what it says
   * @param quote what shall vouch for it
   * @param reportData what the quote must have been made for, 64 bytes
   * @param notAfter when it, or its claims, end
   * @param publicKey its key's DER
   * @param gpuBundle the evidence of its GPUs, which the claims name
   */
  record Sound(
      Claims claims,
      byte[] quote,
      byte[] reportData,
      Instant notAfter,
      byte[] publicKey,
      Optional<byte[]> gpuBundle)
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

  /** Makes one without GPU evidence. */
  static X509Certificate issue(KeyPair key, Claims claims, byte[] quote) {
    return issue(key, claims, quote, Optional.empty());
  }

  /** Makes one. */
  static X509Certificate issue(
      KeyPair key, Claims claims, byte[] quote, Optional<byte[]> gpuBundle) {
    List<Extension> extensions = new ArrayList<>();
    extensions.add(new Extension(QUOTE, true, Der.octets(quote)));
    extensions.add(new Extension(CLAIMS, true, claims.toDer()));
    gpuBundle.ifPresent(bundle -> extensions.add(new Extension(GPU_BUNDLE, true, bundle)));
    Instant from = claims.createdAt().minus(CLOCK_SKEW);
    String name = "cocoon " + claims.role().word();
    byte[] der =
        EcdsaCertificate.issue(
            name,
            key.getPublic(),
            name,
            key.getPrivate(),
            from,
            from.plus(MAX_VALIDITY),
            extensions);
    try {
      return EcdsaCertificate.parse(der).x509();
    } catch (DerException e) {
      throw new IllegalStateException("a certificate made here cannot be read", e);
    }
  }

  /** Reads one and checks every rule that needs no policy. */
  static LinkCertificate read(Certificate presented, Instant now) {
    try {
      byte[] der = presented.getEncoded();
      return switch (LinkExtensions.of(EcdsaCertificate.extensions(der))) {
        case LinkExtensions.Faulty faulty -> new Faulty(faulty.fault(), faulty.detail());
        case LinkExtensions.Found found -> check(EcdsaCertificate.parse(der), found, now);
      };
    } catch (DerException | CertificateEncodingException e) {
      return new Faulty(
          CertificateFault.MALFORMED_CERTIFICATE, "it cannot be read: " + e.getMessage());
    }
  }

  private static LinkCertificate check(
      EcdsaCertificate signed, LinkExtensions.Found found, Instant now) {
    X509Certificate certificate = signed.x509();
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
    if (!signed.signedBy(certificate.getPublicKey())) {
      return new Faulty(CertificateFault.SELF_SIGNATURE, "its own key did not sign it");
    }
    byte[] reportData = reportData(publicKey, found.claimsDer());
    Instant stale = created.plus(MAX_VALIDITY);
    return new Sound(
        found.claims(),
        found.quote(),
        reportData,
        until.isBefore(stale) ? until : stale,
        publicKey,
        found.gpuBundle());
  }
}
