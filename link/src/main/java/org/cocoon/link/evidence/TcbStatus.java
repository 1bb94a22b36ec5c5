package org.cocoon.link.evidence;

import java.util.Optional;

/**
 * Intel's word on the security level of a platform, in the spelling of its documents.
 *
 * <p>A status is a set of findings, and merging two statuses joins the sets: an out-of-date module
 * on a platform that needs configuration makes {@code OutOfDateConfigurationNeeded}, as Intel's
 * quote verification library merges them, and nothing ever gets better by merging.
 */
public enum TcbStatus {
  /** Nothing to find fault with. */
  UP_TO_DATE("UpToDate", 0),
  /** Software must be hardened against known attacks. */
  SW_HARDENING_NEEDED("SWHardeningNeeded", Finding.HARDENING),
  /** The platform must be configured differently. */
  CONFIGURATION_NEEDED("ConfigurationNeeded", Finding.CONFIGURATION),
  /** Both of them. */
  CONFIGURATION_AND_SW_HARDENING_NEEDED(
      "ConfigurationAndSWHardeningNeeded", Finding.CONFIGURATION | Finding.HARDENING),
  /** Firmware, microcode, module or quoting enclave lack security updates. */
  OUT_OF_DATE("OutOfDate", Finding.OLD),
  /** Updates are missing, and the platform must be configured differently. */
  OUT_OF_DATE_CONFIGURATION_NEEDED(
      "OutOfDateConfigurationNeeded", Finding.OLD | Finding.CONFIGURATION),
  /** The platform is up to date now, but the domain was started when it was not. */
  TD_RELAUNCH_ADVISED("TDRelaunchAdvised", Finding.RELAUNCH),
  /** The same, and the platform must be configured differently. */
  TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED(
      "TDRelaunchAdvisedConfigurationNeeded", Finding.RELAUNCH | Finding.CONFIGURATION),
  /** Nothing at this level may be trusted. No policy can allow it. */
  REVOKED("Revoked", Finding.REVOKED);

  /** What can be wrong, one bit each. */
  private static final class Finding {
    static final int HARDENING = 1;
    static final int CONFIGURATION = 2;
    static final int OLD = 4;
    static final int RELAUNCH = 8;
    static final int REVOKED = 16;
  }

  private final String word;
  private final int findings;

  TcbStatus(String word, int findings) {
    this.word = word;
    this.findings = findings;
  }

  /** Intel's word, for example "UpToDate". */
  public String word() {
    return word;
  }

  /** The status with this word, if there is one. */
  public static Optional<TcbStatus> ofWord(String word) {
    for (TcbStatus status : values()) {
      if (status.word.equals(word)) {
        return Optional.of(status);
      }
    }
    return Optional.empty();
  }

  /** Whether Intel publishes it for a level; the others only come from comparing two levels. */
  boolean isPublished() {
    return (findings & Finding.RELAUNCH) == 0;
  }

  /** Both together. */
  TcbStatus mergedWith(TcbStatus other) {
    int both = findings | other.findings;
    if ((both & Finding.REVOKED) != 0) {
      return REVOKED;
    }
    // Old code has the holes that hardening would close, so "old" includes "to be hardened".
    int told = (both & Finding.OLD) != 0 ? both & ~Finding.HARDENING : both;
    for (TcbStatus status : values()) {
      if (status.findings == told) {
        return status;
      }
    }
    throw new IllegalStateException("no status says what " + this + " and " + other + " say");
  }

  /**
   * The status of a TD 1.5 domain, which reports the module's level at its launch (this status) and
   * at present: where only the launch was out of date, starting the domain again is enough. The
   * rule of Intel's library (TDRelaunchCheck); in addition a level that is revoked by now counts.
   */
  TcbStatus atPresent(TcbStatus present) {
    if (present == REVOKED) {
      return REVOKED;
    }
    boolean wasOld = (findings & Finding.OLD) != 0;
    boolean isOld = (present.findings & Finding.OLD) != 0;
    if (!wasOld || isOld) {
      return this;
    }
    return ((findings | present.findings) & Finding.CONFIGURATION) != 0
        ? TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
        : TD_RELAUNCH_ADVISED;
  }
}
