package org.cocoon.link.evidence;

/**
 * What every accepted trust domain has in common, whatever its image: it cannot be debugged, moved
 * or watched, sets no bit that we do not know, and is of a kind that the policy lists.
 *
 * <p>Bits from Intel's "TDX Module Base Architecture Specification", ATTRIBUTES and XFAM. The image
 * hash covers neither attributes nor the module, so the policy pins them by value.
 */
final class TrustDomainRules {
  private static final long DEBUG = 1L;
  private static final long SEPT_VE_DISABLE = 1L << 28;
  private static final long MIGRATABLE = 1L << 29;
  private static final long PROTECTION_KEYS = 1L << 30;
  private static final long KEY_LOCKER = 1L << 31;
  private static final long PERFORMANCE_MONITORING = 1L << 63;

  /** Bits that a policy may allow beside SEPT_VE_DISABLE. */
  private static final long ATTRIBUTES_KNOWN =
      SEPT_VE_DISABLE | PROTECTION_KEYS | KEY_LOCKER | PERFORMANCE_MONITORING;

  /** Legacy x87 and SSE state, which every domain has. */
  private static final long XFAM_ALWAYS = 0x3;

  /** All features that the TDX module lets a domain have. */
  private static final long XFAM_KNOWN = 0x0006_DBE7;

  private TrustDomainRules() {}

  static void require(Measurements measurements, Policy.Domains allowed)
      throws EvidenceRefusedException {
    requireAttributes(measurements.tdAttributes());
    long xfam = measurements.xfam();
    if ((xfam & XFAM_ALWAYS) != XFAM_ALWAYS || (xfam & ~XFAM_KNOWN) != 0) {
      throw refused(Verdict.Reason.RESERVED_BITS, "xfam has unknown bits", xfam);
    }
    if (measurements.seamAttributes() != 0) {
      throw refused(
          Verdict.Reason.RESERVED_BITS,
          "seamAttributes is not zero",
          measurements.seamAttributes());
    }
    if (!measurements.mrServiceTd().chars().allMatch(digit -> digit == '0')) {
      throw new EvidenceRefusedException(
          Verdict.Reason.SERVICE_DOMAIN, "mrServiceTd is " + measurements.mrServiceTd());
    }
    requireAllowed(measurements, allowed);
  }

  private static void requireAttributes(long attributes) throws EvidenceRefusedException {
    if ((attributes & DEBUG) != 0) {
      throw refused(Verdict.Reason.DEBUG, "tdAttributes has DEBUG set", attributes);
    }
    if ((attributes & MIGRATABLE) != 0) {
      throw refused(Verdict.Reason.MIGRATABLE, "tdAttributes has MIGRATABLE set", attributes);
    }
    if ((attributes & SEPT_VE_DISABLE) == 0) {
      throw refused(
          Verdict.Reason.SEPT_VE_ENABLED, "tdAttributes has SEPT_VE_DISABLE clear", attributes);
    }
    if ((attributes & ~ATTRIBUTES_KNOWN) != 0) {
      throw refused(Verdict.Reason.RESERVED_BITS, "tdAttributes has unknown bits", attributes);
    }
  }

  private static void requireAllowed(Measurements measurements, Policy.Domains allowed)
      throws EvidenceRefusedException {
    if (!allowed.tdAttributes().contains(measurements.tdAttributes())) {
      throw refused(
          Verdict.Reason.TD_ATTRIBUTES_NOT_ALLOWED,
          "tdAttributes is not in the policy's list of " + allowed.tdAttributes().size(),
          measurements.tdAttributes());
    }
    if (!allowed.xfam().contains(measurements.xfam())) {
      throw refused(
          Verdict.Reason.XFAM_NOT_ALLOWED,
          "xfam is not in the policy's list of " + allowed.xfam().size(),
          measurements.xfam());
    }
    if (!allowed.mrSeam().contains(measurements.mrSeam())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.SEAM_NOT_ALLOWED,
          "the TDX module " + measurements.mrSeam() + " is not in the policy's mrSeam");
    }
  }

  private static EvidenceRefusedException refused(
      Verdict.Reason reason, String sentence, long bits) {
    return new EvidenceRefusedException(reason, sentence + ": 0x" + Long.toHexString(bits));
  }
}
