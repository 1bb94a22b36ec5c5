package org.cocoon.link.tls;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;

/** The extensions of a link certificate, or what is wrong with them. */
sealed interface LinkExtensions {
  /**
   * Quote and claims are there, once each, and GPU evidence at most once and as claimed.
   *
   * @param quote the quote
   * @param claims the claims
   * @param claimsDer the claims as they are in the certificate
   * @param gpuBundle the evidence of its GPUs, whose digest the claims name
   */
  record Found(byte[] quote, Claims claims, byte[] claimsDer, Optional<byte[]> gpuBundle)
      implements LinkExtensions {}

  /**
   * They are not in order.
   *
   * @param fault the rule that is broken
   * @param detail what was found
   */
  record Faulty(CertificateFault fault, String detail) implements LinkExtensions {}

  /** Finds them among all extensions; no other may be critical. */
  static LinkExtensions of(List<Extension> extensions) {
    for (Extension extension : extensions) {
      if (extension.critical()
          && !Arrays.equals(extension.oid(), LinkCertificate.QUOTE)
          && !Arrays.equals(extension.oid(), LinkCertificate.CLAIMS)
          && !Arrays.equals(extension.oid(), LinkCertificate.GPU_BUNDLE)) {
        return new Faulty(
            CertificateFault.UNKNOWN_CRITICAL_EXTENSION,
            "an extension is critical that is neither quote nor claims nor GPU evidence");
      }
    }
    List<byte[]> quotes = values(extensions, LinkCertificate.QUOTE);
    if (quotes.size() != 1) {
      return new Faulty(CertificateFault.QUOTE_EXTENSION, quotes.size() + " quotes, not one");
    }
    List<byte[]> claims = values(extensions, LinkCertificate.CLAIMS);
    if (claims.size() != 1) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, claims.size() + " claims, not one");
    }
    byte[] quote;
    try {
      quote = DerValue.of(quotes.getFirst()).expect(Der.OCTET_STRING);
    } catch (DerException e) {
      return new Faulty(CertificateFault.QUOTE_EXTENSION, String.valueOf(e.getMessage()));
    }
    try {
      return withGpus(
          quote,
          Claims.parse(claims.getFirst()),
          claims.getFirst(),
          values(extensions, LinkCertificate.GPU_BUNDLE));
    } catch (DerException e) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, String.valueOf(e.getMessage()));
    }
  }

  private static LinkExtensions withGpus(
      byte[] quote, Claims claims, byte[] claimsDer, List<byte[]> bundles) {
    if (bundles.size() > 1) {
      return new Faulty(CertificateFault.GPU_EXTENSION, bundles.size() + " bundles, not one");
    }
    Optional<byte[]> bundle = bundles.stream().findFirst();
    if (!bundle.map(Digests::sha256Hex).equals(claims.gpuDigest())) {
      return new Faulty(
          CertificateFault.GPU_EXTENSION, "the claims do not name this bundle of GPU evidence");
    }
    return new Found(quote, claims, claimsDer, bundle);
  }

  private static List<byte[]> values(List<Extension> extensions, byte[] oid) {
    return extensions.stream()
        .filter(extension -> Arrays.equals(extension.oid(), oid))
        .map(Extension::value)
        .toList();
  }
}
