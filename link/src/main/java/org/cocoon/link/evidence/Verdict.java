package org.cocoon.link.evidence;

import java.time.Instant;

/** What came of checking evidence: believed and allowed, or refused with the reason. */
public sealed interface Verdict {

  /**
   * The evidence is genuine and the policy allows what it says.
   *
   * @param measurements what runs there
   * @param imageHash its name in the policy, {@link Measurements#imageHash()}
   * @param simulated whether a simulated TEE signed it, which protects nothing
   * @param collateral whether the platform's security level and revocation were checked
   * @param notAfter when the verdict ends: the first end among the certificates and collateral
   */
  record Trusted(
      Measurements measurements,
      String imageHash,
      boolean simulated,
      CollateralCheck.Outcome.Passed collateral,
      Instant notAfter)
      implements Verdict {}

  /**
   * The evidence is refused.
   *
   * @param reason the first check that failed
   * @param detail what was found and what would be right, for an operator; without secrets
   */
  record Rejected(Reason reason, String detail) implements Verdict {}

  /** Why evidence is refused, in the order of the checks. */
  enum Reason {
    /** The bytes are not a TDX quote of version 4 or 5. */
    MALFORMED_QUOTE,
    /** The certificate chain in the quote cannot be read, or is not leaf, intermediate, root. */
    MALFORMED_CHAIN,
    /** A simulated TEE signed the quote and the policy allows no simulation, or not that one. */
    SIMULATED_NOT_ALLOWED,
    /** The chain ends in a root that the policy does not name. */
    UNTRUSTED_ROOT,
    /** A certificate of the chain is not yet, or no longer, valid. */
    CHAIN_NOT_VALID_NOW,
    /** A certificate of the chain was not issued by the next one, or may not issue. */
    BROKEN_CHAIN,
    /** The platform's certificate says nothing readable about its platform. */
    PLATFORM_EXTENSION,
    /** The platform's key did not sign the quoting enclave's report. */
    QE_REPORT_SIGNATURE,
    /** The quoting enclave's report does not vouch for the attestation key. */
    ATTESTATION_KEY_NOT_VOUCHED,
    /** The attestation key is not a point of the curve. */
    ATTESTATION_KEY_INVALID,
    /** The attestation key did not sign header and body. */
    QUOTE_SIGNATURE,
    /** The quote was made for other report data: another key, or other claims. */
    REPORT_DATA,
    /** The domain can be debugged: its owner can read its memory. */
    DEBUG,
    /** Migration is on: another platform could take the domain over. */
    MIGRATABLE,
    /** SEPT_VE_DISABLE is off: the host could take pages away unnoticed. */
    SEPT_VE_ENABLED,
    /** Bits are set that no accepted domain has. */
    RESERVED_BITS,
    /** A service domain is bound, which could act on this one. */
    SERVICE_DOMAIN,
    /** The image is not in the role's list; an empty list allows nothing. */
    IMAGE_NOT_ALLOWED,
    /** The policy requires the platform's collateral and none was checked. */
    COLLATERAL_MISSING,
    /** The platform's collateral refuses it: revoked, out of date, or not its own. */
    COLLATERAL_REFUSED
  }
}
