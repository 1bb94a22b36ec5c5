package org.cocoon.link.evidence.snp;

import java.time.Instant;

/** What came of checking an SNP report: believed and allowed, or refused with the reason. */
public sealed interface SnpVerdict {

  /**
   * The report is genuine and the policy allows what it says.
   *
   * @param report what runs there
   * @param imageHash its name in the policy, {@link SnpReport.Parsed#imageHash()}
   * @param product the processor's line
   * @param tcb the platform's version that the signing key vouches for
   * @param simulated whether the chain ends in a test root, which protects nothing
   * @param revocationChecked whether the maker's revocation list was consulted
   * @param notAfter when the verdict ends: the first end among the certificates
   */
  record Trusted(
      SnpReport.Parsed report,
      String imageHash,
      Product product,
      TcbVersion tcb,
      boolean simulated,
      boolean revocationChecked,
      Instant notAfter)
      implements SnpVerdict {}

  /**
   * The report is refused.
   *
   * @param reason the first check that failed
   * @param detail what was found and what would be right, for an operator; without secrets
   */
  record Rejected(Reason reason, String detail) implements SnpVerdict {}

  /** Why a report is refused, in the order of the checks. */
  enum Reason {
    /** The bytes are not an SNP report of version 2 to 5. */
    MALFORMED_REPORT,
    /** The certificate table, or a certificate in it, cannot be read. */
    MALFORMED_CERTIFICATES,
    /** The table lacks the key that signed, the key above it, or the root. */
    CERTIFICATE_MISSING,
    /** A cloud provider's key signed, and the policy wants the chip's own. */
    LOADED_KEY_NOT_ALLOWED,
    /** A simulated platform signed, and the policy allows none, or not that one. */
    SIMULATED_NOT_ALLOWED,
    /** The chain ends in a root that is not AMD's. */
    UNTRUSTED_ROOT,
    /** The policy has no least version for this product line, and so does not allow it. */
    PRODUCT_NOT_ALLOWED,
    /** A certificate of the chain is not yet, or no longer, valid. */
    CHAIN_NOT_VALID_NOW,
    /** A certificate of the chain was not issued by the next one, or may not issue. */
    BROKEN_CHAIN,
    /** The maker has revoked a key of the chain. */
    REVOKED,
    /** The endorsement key's certificate says nothing readable about its platform. */
    ENDORSEMENT_EXTENSION,
    /** The endorsement key did not sign the report. */
    REPORT_SIGNATURE,
    /** Certificate, root and report name different processors. */
    PRODUCT_DIFFERS,
    /** The endorsement key was made for another platform version than the report's. */
    TCB_DIFFERS,
    /** The endorsement key is of another chip than the report's, or the host hid which. */
    CHIP_DIFFERS,
    /** The report was made for other report data: another key, or other claims. */
    REPORT_DATA,
    /** The guest can be debugged: the host can read its memory. */
    DEBUG,
    /** A migration agent could take the guest over. */
    MIGRATABLE,
    /** Bits are set, or clear, that no accepted guest has so. */
    RESERVED_BITS,
    /** Another level than the most privileged one asked for the report. */
    VMPL,
    /** The platform is, was at launch, or may fall back to below the policy's least version. */
    TCB_TOO_OLD,
    /** The guest's identity was not signed under an author key that the policy names. */
    AUTHOR_KEY,
    /** The image is not in the role's list; an empty list allows nothing. */
    IMAGE_NOT_ALLOWED
  }
}
