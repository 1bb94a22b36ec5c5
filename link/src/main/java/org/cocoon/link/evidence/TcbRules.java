package org.cocoon.link.evidence;

import java.util.Set;
import java.util.TreeSet;

/** Whether a policy allows what Intel says of a platform. */
final class TcbRules {
  private TcbRules() {}

  static void require(PlatformTcb.Checked tcb, Policy.Tcb allowed) throws EvidenceRefusedException {
    if (tcb.status() == TcbStatus.REVOKED) {
      throw new EvidenceRefusedException(
          Verdict.Reason.TCB_REVOKED, "Intel has revoked the level that this platform is at");
    }
    if (!allowed.statuses().contains(tcb.status())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.TCB_STATUS_NOT_ALLOWED,
          "the platform is "
              + tcb.status().word()
              + ", which is not in the policy's tcbStatuses; advisories: "
              + tcb.advisories());
    }
    Set<String> unknown = new TreeSet<>(tcb.advisories());
    unknown.removeAll(allowed.advisories());
    if (!unknown.isEmpty()) {
      throw new EvidenceRefusedException(
          Verdict.Reason.ADVISORY_NOT_ALLOWED,
          "advisories " + unknown + " are not in the policy's allowedAdvisories");
    }
    int least = allowed.minimumEvaluationNumber();
    if (tcb.tcbInfoNumber() < least || tcb.qeIdentityNumber() < least) {
      throw new EvidenceRefusedException(
          Verdict.Reason.EVALUATION_NUMBER_TOO_LOW,
          "tcbEvaluationDataNumber is %d in the TCB info and %d in the identity; at least %d"
              .formatted(tcb.tcbInfoNumber(), tcb.qeIdentityNumber(), least));
    }
  }
}
