package org.cocoon.link.evidence.snp;

import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.AUTHOR_KEY;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.DEBUG;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.MIGRATABLE;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.RESERVED_BITS;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.TCB_TOO_OLD;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.VMPL;

/**
 * What every accepted guest has in common, whatever its image: it cannot be debugged or moved, asks
 * from the most privileged level, and runs on a platform that is new enough.
 */
final class GuestRules {
  /** Bits 0 to 5 and 7 of the platform information are defined. */
  private static final long PLATFORM_INFO_KNOWN = 0xbf;

  /** What the field holds where there is no migration agent. */
  private static final String NO_AGENT = "ff".repeat(32);

  private static final String NO_AGENT_ZERO = "00".repeat(32);
  private static final String NO_KEY = "00".repeat(48);

  private GuestRules() {}

  static void require(SnpReport.Parsed report, EndorsementChain chain, SnpPolicy policy)
      throws SnpRefusedException {
    GuestPolicy guest = report.policy();
    if (guest.debugAllowed()) {
      throw refused(DEBUG, "the guest policy has DEBUG (bit 19) set", guest.bits());
    }
    if (guest.migrationAllowed()) {
      throw refused(MIGRATABLE, "the guest policy has MIGRATE_MA (bit 18) set", guest.bits());
    }
    String agent = report.reportIdMa();
    if (!agent.equals(NO_AGENT) && !agent.equals(NO_AGENT_ZERO)) {
      throw new SnpRefusedException(MIGRATABLE, "the guest has a migration agent, " + agent);
    }
    if (!guest.reservedBitsAreRight()) {
      throw refused(
          RESERVED_BITS, "the guest policy has bit 17 clear, or unknown bits", guest.bits());
    }
    if ((report.platformInfo() & ~PLATFORM_INFO_KNOWN) != 0) {
      throw refused(
          RESERVED_BITS, "the platform information has unknown bits", report.platformInfo());
    }
    if (report.vmpl() != 0) {
      throw new SnpRefusedException(
          VMPL, "the report is of privilege level " + report.vmpl() + ", not 0");
    }
    requireTcb(report, chain.platform().product(), chain.minimum());
    requireAuthorKey(report, policy);
  }

  private static void requireTcb(SnpReport.Parsed report, Product product, TcbVersion minimum)
      throws SnpRefusedException {
    requireAtLeast(minimum, report.reportedTcb(), product, "reported");
    requireAtLeast(minimum, report.currentTcb(), product, "current");
    requireAtLeast(minimum, report.committedTcb(), product, "committed");
    // A guest that was started by an older firmware keeps what that firmware did to it.
    requireAtLeast(minimum, report.launchTcb(), product, "launch");
  }

  private static void requireAtLeast(TcbVersion minimum, long bits, Product product, String which)
      throws SnpRefusedException {
    if (TcbVersion.hasReservedBits(bits, product)) {
      throw refused(RESERVED_BITS, "the " + which + " TCB has reserved bits", bits);
    }
    TcbVersion version = TcbVersion.of(bits, product);
    if (!version.isAtLeast(minimum)) {
      throw new SnpRefusedException(
          TCB_TOO_OLD, "the " + which + " TCB is " + version + ", the least is " + minimum);
    }
  }

  private static void requireAuthorKey(SnpReport.Parsed report, SnpPolicy policy)
      throws SnpRefusedException {
    String digest = report.authorKeyDigest();
    if (report.authorKeyEnabled() == digest.equals(NO_KEY)) {
      throw new SnpRefusedException(
          AUTHOR_KEY, "the author key's flag and its digest contradict each other");
    }
    boolean wanted = !policy.authorKeys().isEmpty();
    if (report.authorKeyEnabled() != wanted || (wanted && !policy.authorKeys().contains(digest))) {
      throw new SnpRefusedException(
          AUTHOR_KEY,
          wanted
              ? "the author key " + digest + " is not in the policy's authorKeys"
              : "the guest has an author key and the policy names none");
    }
  }

  private static SnpRefusedException refused(SnpVerdict.Reason reason, String sentence, long bits) {
    return new SnpRefusedException(reason, sentence + ": 0x" + Long.toHexString(bits));
  }
}
