package org.cocoon.link.evidence;

import java.security.cert.X509Certificate;
import java.util.Optional;

/** Reads what a platform's certificate says, for people to look at; verifies nothing. */
public final class PlatformCertificate {
  private PlatformCertificate() {}

  /** The platform that a certificate names; empty if it is no platform's, or cannot be read. */
  public static Optional<PckExtension> platform(X509Certificate certificate) {
    byte[] value = certificate.getExtensionValue(PckExtension.OID);
    if (value == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(PckExtension.parse(DerValue.of(value).expect(Der.OCTET_STRING)));
    } catch (DerException | EvidenceRefusedException _) {
      return Optional.empty();
    }
  }
}
