package org.cocoon.link.evidence.gpu;

/** Ends a check inside this package; {@link GpuBinding} turns it into a verdict. */
final class GpuRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final GpuVerdict.Reason reason;

  GpuRefusedException(GpuVerdict.Reason reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
  }

  GpuVerdict.Rejected verdict() {
    return new GpuVerdict.Rejected(reason, String.valueOf(getMessage()));
  }
}
