package org.cocoon.link.tls;

import org.cocoon.link.evidence.Verdict;

/** What came of checking a peer's certificate and the evidence in it. */
public sealed interface PeerVerdict {
  /**
   * It may be there.
   *
   * @param verdict on its evidence
   */
  record Accepted(Verdict.Trusted verdict) implements PeerVerdict {}

  /**
   * It may not.
   *
   * @param reason name of a {@link CertificateFault}, of a {@link Verdict.Reason}, or of an {@link
   *     org.cocoon.link.evidence.snp.SnpVerdict.Reason}; GPU_ and the name of a {@link
   *     org.cocoon.link.evidence.gpu.GpuVerdict.Reason}, GPU_MISSING or GPU_FORBIDDEN
   * @param detail what was found and what would be right
   */
  record Refused(String reason, String detail) implements PeerVerdict {}
}
