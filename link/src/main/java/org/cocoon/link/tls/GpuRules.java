package org.cocoon.link.tls;

import java.time.Instant;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.gpu.GpuVerdict;

/** What a policy asks of a peer's GPUs, once its quote, and so its claims, are believed. */
sealed interface GpuRules {
  /**
   * As the policy asks.
   *
   * @param verdict on the quote, and no longer valid than that on the GPUs
   */
  record Kept(Verdict.Trusted verdict) implements GpuRules {}

  /** Not as the policy asks. */
  record Broken(PeerVerdict.Refused refusal) implements GpuRules {}

  /** Holds a peer against the rule of its role; up to ten milliseconds for each GPU. */
  static GpuRules check(
      GpuRule rule,
      GpuPolicy policy,
      LinkCertificate.Sound certificate,
      Verdict.Trusted trusted,
      Instant now) {
    String role = certificate.claims().role().word();
    if (certificate.gpuBundle().isEmpty()) {
      return rule == GpuRule.REQUIRED
          ? broken("GPU_MISSING", "gpu." + role + " is required, and it proves no GPU")
          : new Kept(trusted);
    }
    if (rule == GpuRule.FORBIDDEN) {
      return broken("GPU_FORBIDDEN", "gpu." + role + " is forbidden, and it brings GPU evidence");
    }
    byte[] bundle = certificate.gpuBundle().get();
    return switch (new GpuBinding(policy).verify(bundle, certificate.publicKey(), now)) {
      case GpuVerdict.Rejected(GpuVerdict.Reason reason, String detail) ->
          broken("GPU_" + reason.name(), detail);
      case GpuVerdict.Trusted gpus ->
          new Kept(
              new Verdict.Trusted(
                  trusted.measurements(),
                  trusted.imageHash(),
                  trusted.simulated() || gpus.simulated(),
                  trusted.tcb(),
                  gpus.notAfter().isBefore(trusted.notAfter())
                      ? gpus.notAfter()
                      : trusted.notAfter()));
    };
  }

  private static Broken broken(String reason, String detail) {
    return new Broken(new PeerVerdict.Refused(reason, detail));
  }
}
