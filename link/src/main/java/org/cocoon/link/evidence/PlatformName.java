package org.cocoon.link.evidence;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What collateral is published for: one kind of platform, and the authority of its certificate.
 *
 * @param fmspc 12 lower-case hexadecimal digits
 * @param ca whose revocation list names its certificate if it is revoked
 */
public record PlatformName(String fmspc, CaType ca) {
  private static final Pattern FMSPC = Pattern.compile("[0-9a-f]{12}");

  /** Checks the digits, which become part of addresses and file names. */
  public PlatformName {
    if (!FMSPC.matcher(fmspc).matches()) {
      throw new IllegalArgumentException("fmspc must be 12 lower-case hexadecimal digits");
    }
  }

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

  /** Both parts, for sentences and file names: "90c06f000000-platform". */
  @Override
  public String toString() {
    return fmspc + "-" + ca.word();
  }
}
