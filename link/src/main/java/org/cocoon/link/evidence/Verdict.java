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
   * @param tcb the platform's security level, if it was checked
   * @param notAfter when the verdict ends: the first end among the certificates, revocation lists
   *     and documents that it rests on
   */
  record Trusted(
      Measurements measurements,
      String imageHash,
      boolean simulated,
      PlatformTcb tcb,
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

    // The chain in the quote.
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

    // The quote's own signatures.
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

    // The platform's collateral, where it is required or at hand: first what it is by itself.
    /** The policy requires the platform's collateral and none is at hand. */
    COLLATERAL_MISSING,
    /** A part of the collateral cannot be read, or breaks the form of its document. */
    MALFORMED_COLLATERAL,
    /** A certificate of the collateral was not issued by the root, or may not sign that. */
    COLLATERAL_CHAIN,
    /**
     * A revocation list is not of the authority that it stands beside, or the PCK list not of the
     * one that issued the platform's certificate.
     */
    CRL_ISSUER,
    /** The authority did not sign its revocation list. */
    CRL_SIGNATURE,
    /** A part of the collateral is under another root than the rest, or than the quote. */
    COLLATERAL_ROOT,
    /** The signer did not sign the TCB info as it stands here. */
    TCB_INFO_SIGNATURE,
    /** The signer did not sign the quoting enclave's identity as it stands here. */
    QE_IDENTITY_SIGNATURE,
    /** The TCB info is not one for TDX platforms, or of a version before 3. */
    TCB_INFO_KIND,
    /** Intel used a word for a status that is not known here. */
    TCB_UNKNOWN_STATUS,
    /** The identity is not one of a quoting enclave for TDX, or not of version 2. */
    QE_IDENTITY_KIND,

    // Then what it is at this time, and for this platform's chain.
    /** A certificate of the collateral is not yet, or no longer, valid. */
    COLLATERAL_CHAIN_NOT_VALID_NOW,
    /** A revocation list or document is dated after now. */
    COLLATERAL_FROM_FUTURE,
    /** A revocation list has ended. */
    CRL_EXPIRED,
    /** The TCB info or the quoting enclave's identity has ended. */
    COLLATERAL_EXPIRED,
    /** The root has revoked a Processor or Platform CA of the chain. */
    CA_REVOKED,
    /** The root has revoked the signer of TCB info or identity. */
    TCB_SIGNER_REVOKED,
    /** The CA has revoked the platform's certificate. */
    PCK_REVOKED,

    // Then what it says of the platform.
    /** The TCB info is of another kind of platform. */
    TCB_INFO_PLATFORM,
    /** The quoting enclave is not the one that Intel names, or can be debugged. */
    QE_IDENTITY_MISMATCH,
    /** The quoting enclave is older than every level of its identity. */
    QE_LEVEL_NONE,
    /** The TCB info does not know a TDX module of this version. */
    MODULE_IDENTITY_MISSING,
    /** The TDX module is not signed by, or does not have the attributes, that the info names. */
    MODULE_IDENTITY_MISMATCH,
    /** The platform reaches no level of the TCB info. */
    TCB_LEVEL_NONE,
    /** The TDX module is older than every level of its identity. */
    MODULE_LEVEL_NONE,
    /** Intel has revoked the level that the platform is at. */
    TCB_REVOKED,

    // Then whether the policy allows what Intel says.
    /** The status is not in the policy's tcbStatuses. */
    TCB_STATUS_NOT_ALLOWED,
    /** An advisory applies that is not in the policy's allowedAdvisories. */
    ADVISORY_NOT_ALLOWED,
    /** The collateral is from before the policy's minimumEvaluationNumber. */
    EVALUATION_NUMBER_TOO_LOW,

    // What the domain itself must be.
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
    /** tdAttributes is not in the policy's list; an empty list allows nothing. */
    TD_ATTRIBUTES_NOT_ALLOWED,
    /** xfam is not in the policy's list; an empty list allows nothing. */
    XFAM_NOT_ALLOWED,
    /** mrSeam is not in the policy's list; an empty list allows nothing. */
    SEAM_NOT_ALLOWED,
    /** The image is not in the role's list; an empty list allows nothing. */
    IMAGE_NOT_ALLOWED
  }
}
