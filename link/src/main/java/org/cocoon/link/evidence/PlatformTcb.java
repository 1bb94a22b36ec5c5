package org.cocoon.link.evidence;

import java.time.Instant;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/** What is known of the security level of the platform behind a quote. */
public sealed interface PlatformTcb {
  /** For people and status pages: Intel's word, for example "UpToDate", or "not checked". */
  default String word() {
    return switch (this) {
      case NotChecked _ -> "not checked";
      case Checked checked -> checked.status().word();
    };
  }

  /** Nothing: the policy requires no collateral, and none was there. */
  record NotChecked() implements PlatformTcb {}

  /**
   * What Intel's collateral says of it.
   *
   * @param status platform, TDX module and quoting enclave together
   * @param advisories Intel's security advisories that apply, for example "INTEL-SA-01036"
   * @param tcbInfoNumber tcbEvaluationDataNumber of the TCB info
   * @param qeIdentityNumber tcbEvaluationDataNumber of the quoting enclave's identity
   * @param tcbDate the oldest among the dates of the matching levels
   */
  record Checked(
      TcbStatus status,
      SortedSet<String> advisories,
      int tcbInfoNumber,
      int qeIdentityNumber,
      Instant tcbDate)
      implements PlatformTcb {
    /** Copies the advisories. */
    public Checked {
      advisories = Collections.unmodifiableSortedSet(new TreeSet<>(advisories));
    }
  }
}
