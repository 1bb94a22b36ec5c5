package org.cocoon.link.evidence;

import java.util.Optional;

/**
 * What collateral is published for: one kind of platform, and the authority of its certificate.
 *
 * @param fmspc 12 lower-case hexadecimal digits
 * @param ca whose revocation list names its certificate if it is revoked
 */
public record PlatformName(String fmspc, CaType ca) {

  /**
   * The platform that a quote says it is from, so that its collateral can be fetched; nothing of
   * the quote has been verified.
   *
   * @return empty if the chain in the quote cannot be read
   */
  public static Optional<PlatformName> of(TdxQuote.Parsed quote) {
    try {
      return Optional.of(PckChain.unverifiedName(quote.certificateChain()));
    } catch (EvidenceRefusedException _) {
      return Optional.empty();
    }
  }
}
