package org.cocoon.link.evidence.snp;

/** Ends a check inside this package; {@link SnpVerifier} turns it into a verdict. */
final class SnpRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final SnpVerdict.Reason reason;

  SnpRefusedException(SnpVerdict.Reason reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
  }

  SnpVerdict.Rejected verdict() {
    return new SnpVerdict.Rejected(reason, String.valueOf(getMessage()));
  }
}
