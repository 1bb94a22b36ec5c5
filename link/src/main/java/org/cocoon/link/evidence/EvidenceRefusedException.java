package org.cocoon.link.evidence;

/** Ends a check inside this package; {@link EvidenceVerifier} turns it into a verdict. */
final class EvidenceRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Verdict.Reason reason;

  EvidenceRefusedException(Verdict.Reason reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
  }

  Verdict.Rejected verdict() {
    return new Verdict.Rejected(reason, String.valueOf(getMessage()));
  }
}
