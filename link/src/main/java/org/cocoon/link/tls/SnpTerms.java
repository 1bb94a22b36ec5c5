package org.cocoon.link.tls;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.SnpRegisters;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.snp.Product;
import org.cocoon.link.evidence.snp.SnpPolicy;
import org.cocoon.link.evidence.snp.SnpReport;
import org.cocoon.link.evidence.snp.SnpVerdict;
import org.cocoon.link.evidence.snp.TcbVersion;

/** Says a policy in the terms of SEV-SNP, and its verdicts in those of all TEEs. */
final class SnpTerms {
  private SnpTerms() {}

  /** What a policy asks of SEV-SNP: the chip's own key (VCEK), and no author key. */
  static SnpPolicy policy(Policy policy) {
    Map<Product, TcbVersion> minimum = new EnumMap<>(Product.class);
    for (Product product : Product.values()) {
      SortedMap<String, Integer> parts = policy.snp().minimumTcb().get(product.word());
      if (parts != null) {
        minimum.put(
            product,
            new TcbVersion(
                parts.getOrDefault("fmc", 0),
                parts.getOrDefault("bootloader", 0),
                parts.getOrDefault("tee", 0),
                parts.getOrDefault("snp", 0),
                parts.getOrDefault("microcode", 0)));
      }
    }
    return new SnpPolicy(minimum, policy.simulatedRoots(), false, Set.of(), policy.images());
  }

  static PeerVerdict verdict(SnpVerdict verdict) {
    return switch (verdict) {
      case SnpVerdict.Rejected(SnpVerdict.Reason reason, String detail) ->
          new PeerVerdict.Refused(reason.name(), detail);
      case SnpVerdict.Trusted trusted ->
          new PeerVerdict.Accepted(
              new Verdict.Trusted(
                  registers(trusted.report()),
                  trusted.imageHash(),
                  trusted.simulated(),
                  versions(trusted.product(), trusted.tcb()),
                  trusted.notAfter()));
    };
  }

  private static SnpRegisters registers(SnpReport.Parsed report) {
    return new SnpRegisters(
        report.measurement(),
        report.hostData(),
        report.policy().bits(),
        report.idKeyDigest(),
        report.platformInfo(),
        report.chipId(),
        report.reportData());
  }

  private static PlatformTcb versions(Product product, TcbVersion tcb) {
    SortedMap<String, Integer> parts =
        new TreeMap<>(
            Map.of(
                "bootloader", tcb.bootLoader(),
                "tee", tcb.tee(),
                "snp", tcb.snp(),
                "microcode", tcb.microcode()));
    if (product == Product.TURIN) {
      parts.put("fmc", tcb.fmc());
    }
    return new PlatformTcb.Versions(product.word(), parts);
  }
}
