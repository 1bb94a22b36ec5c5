package org.cocoon.link.tls;

import java.io.IOException;
import java.util.List;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.x509.Extension;

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
  static LinkExtensions of(List<Extension> extensions) throws IOException {
    for (Extension extension : extensions) {
      boolean ours =
          extension.getExtnId().equals(LinkCertificate.QUOTE)
              || extension.getExtnId().equals(LinkCertificate.CLAIMS);
      if (extension.isCritical() && !ours) {
        return new Faulty(
            CertificateFault.UNKNOWN_CRITICAL_EXTENSION,
            extension.getExtnId() + " is critical, and only quote and claims may be");
      }
    }
    List<byte[]> quotes = values(extensions, LinkCertificate.QUOTE.getId());
    if (quotes.size() != 1) {
      return new Faulty(CertificateFault.QUOTE_EXTENSION, quotes.size() + " quotes, not one");
    }
    List<byte[]> claims = values(extensions, LinkCertificate.CLAIMS.getId());
    if (claims.size() != 1) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, claims.size() + " claims, not one");
    }
    byte[] claimsDer = claims.getFirst();
    try {
      byte[] quote =
          ASN1OctetString.getInstance(ASN1Primitive.fromByteArray(quotes.getFirst())).getOctets();
      return new Found(quote, Claims.parse(claimsDer), claimsDer);
    } catch (IllegalArgumentException e) {
      return new Faulty(CertificateFault.QUOTE_EXTENSION, "the quote is not an OCTET STRING");
    } catch (IOException e) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, String.valueOf(e.getMessage()));
    }
  }

  private static List<byte[]> values(List<Extension> extensions, String oid) {
    return extensions.stream()
        .filter(extension -> extension.getExtnId().getId().equals(oid))
        .map(extension -> extension.getExtnValue().getOctets())
        .toList();
  }
}
