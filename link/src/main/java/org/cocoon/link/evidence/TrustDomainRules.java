package org.cocoon.link.evidence;

/**
 * What every accepted trust domain has in common, whatever its image: it cannot be debugged, moved
 * or watched, and sets no bit that we do not know.
 *
 * <p>Bits from Intel's "TDX Module Base Architecture Specification", ATTRIBUTES and XFAM.
 */
final class TrustDomainRules {
  private static final long DEBUG = 1L;
  private static final long SEPT_VE_DISABLE = 1L << 28;
  private static final long MIGRATABLE = 1L << 29;

  /** Legacy x87 and SSE state, which every domain has. */
  private static final long XFAM_ALWAYS = 0x3;

  /** All features that the TDX module lets a domain have. */
  private static final long XFAM_KNOWN = 0x0006_DBE7;

  private TrustDomainRules() {}

  static void require(Measurements measurements) throws EvidenceRefusedException {
    long attributes = measurements.tdAttributes();
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
    // The image hash does not cover the attributes, so they are pinned here to one value.
    if (attributes != SEPT_VE_DISABLE) {
      throw refused(
          Verdict.Reason.RESERVED_BITS,
          "tdAttributes has more than SEPT_VE_DISABLE set",
          attributes);
    }
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
  }

  private static EvidenceRefusedException refused(
      Verdict.Reason reason, String sentence, long bits) {
    return new EvidenceRefusedException(reason, sentence + ": 0x" + Long.toHexString(bits));
  }
}
