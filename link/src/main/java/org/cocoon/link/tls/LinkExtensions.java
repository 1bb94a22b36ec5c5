package org.cocoon.link.tls;

import java.util.Arrays;
import java.util.List;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;

/** The two extensions of a link certificate, or what is wrong with them. */
sealed interface LinkExtensions {
  /**
   * Both are there, once each.
   *
   * @param quote the quote
   * @param claims the claims
   * @param claimsDer the claims as they are in the certificate
   */
  record Found(byte[] quote, Claims claims, byte[] claimsDer) implements LinkExtensions {}

  /**
   * They are not in order.
   *
   * @param fault the rule that is broken
   * @param detail what was found
   */
  record Faulty(CertificateFault fault, String detail) implements LinkExtensions {}

  /** Finds both among all extensions; no other may be critical. */
  static LinkExtensions of(List<Extension> extensions) {
    for (Extension extension : extensions) {
      if (extension.critical()
          && !Arrays.equals(extension.oid(), LinkCertificate.QUOTE)
          && !Arrays.equals(extension.oid(), LinkCertificate.CLAIMS)) {
        return new Faulty(
            CertificateFault.UNKNOWN_CRITICAL_EXTENSION,
            "an extension is critical that is neither quote nor claims");
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
      return new Found(quote, Claims.parse(claims.getFirst()), claims.getFirst());
    } catch (DerException e) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, String.valueOf(e.getMessage()));
    }
  }

  private static List<byte[]> values(List<Extension> extensions, byte[] oid) {
    return extensions.stream()
        .filter(extension -> Arrays.equals(extension.oid(), oid))
        .map(Extension::value)
        .toList();
  }
}
