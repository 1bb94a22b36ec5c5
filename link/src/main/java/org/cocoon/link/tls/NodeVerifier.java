package org.cocoon.link.tls;

import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.snp.CertificateTable;
import org.cocoon.link.evidence.snp.SnpReport;
import org.cocoon.link.evidence.snp.SnpVerifier;

/**
 * Checks all that a node proves, by one policy: its TEE, by the verifier of its maker, and then its
 * GPUs. Immutable, and safe for use by many threads.
 */
final class NodeVerifier {
  private final EvidenceVerifier tdx;
  private final SnpVerifier snp;
  private final GpuBinding gpus;

  /**
   * What a node presents.
   *
   * @param role what it claims to be
   * @param evidence of its TEE
   * @param reportData what that must have been made for, 64 bytes
   * @param publicKey DER of the key that it answers with
   * @param gpuBundle of its GPUs, whose digest the claims name
   */
  record Presented(
      Role role,
      TeeEvidence evidence,
      byte[] reportData,
      byte[] publicKey,
      Optional<byte[]> gpuBundle) {
    static Presented by(LinkCertificate.Sound certificate) {
      return new Presented(
          certificate.claims().role(),
          certificate.evidence(),
          certificate.reportData(),
          certificate.publicKey(),
          certificate.gpuBundle());
    }
  }

  /** Checks by the policy of a verifier of TDX quotes, and by its collateral. */
  NodeVerifier(EvidenceVerifier tdx) {
    Policy policy = tdx.policy();
    this.tdx = tdx;
    this.snp = new SnpVerifier(SnpTerms.policy(policy));
    this.gpus =
        new GpuBinding(
            new GpuPolicy(
                policy.simulatedRoots(),
                policy.gpuAccepted().chips(),
                policy.gpuAccepted().drivers(),
                policy.gpuAccepted().vbios()));
  }

  /** Names policy and collateral of this moment, see {@link EvidenceVerifier#version()}. */
  byte[] version() {
    return tdx.version();
  }

  /** Checks a node; never throws for anything that it presents. */
  PeerVerdict verify(Presented presented, Instant now) {
    return switch (verifyTee(presented, now)) {
      case PeerVerdict.Refused refused -> refused;
      case PeerVerdict.Accepted(Verdict.Trusted trusted) -> {
        GpuRule rule = tdx.policy().gpu(presented.role());
        yield switch (GpuRules.check(rule, gpus, presented, trusted, now)) {
          case GpuRules.Broken(PeerVerdict.Refused refusal) -> refusal;
          case GpuRules.Kept(Verdict.Trusted verdict) -> new PeerVerdict.Accepted(verdict);
        };
      }
    };
  }

  private PeerVerdict verifyTee(Presented presented, Instant now) {
    byte[] reportData = presented.reportData();
    return switch (presented.evidence()) {
      case TeeEvidence.Tdx(byte[] quote) ->
          switch (tdx.verify(quote, reportData, presented.role(), now)) {
            case Verdict.Trusted trusted -> new PeerVerdict.Accepted(trusted);
            case Verdict.Rejected(Verdict.Reason reason, String detail) ->
                new PeerVerdict.Refused(reason.name(), detail);
          };
      case TeeEvidence.Snp(byte[] report, byte[] certificates) ->
          SnpTerms.verdict(snp.verify(report, certificates, reportData, presented.role(), now));
    };
  }

  /**
   * What is wrong with the form of evidence, beyond what its verifier says: only one form may be,
   * or a node could present the same in any number of ways.
   */
  static Optional<PeerVerdict.Refused> formFault(TeeEvidence evidence) {
    return switch (evidence) {
      case TeeEvidence.Tdx(byte[] quote) ->
          TdxQuote.parse(quote) instanceof TdxQuote.Parsed parsed && parsed.length() < quote.length
              ? fault(
                  CertificateFault.QUOTE_EXTENSION,
                  quote.length - parsed.length() + " bytes follow the quote")
              : Optional.empty();
      case TeeEvidence.Snp snp -> {
        // What cannot be read is for the verifier to refuse, by its own reason.
        Optional<byte[]> table = chainAlone(snp);
        yield table.isPresent() && !Arrays.equals(table.get(), snp.certificates())
            ? fault(
                CertificateFault.SNP_EXTENSION,
                "the table has more than the chain of the report's key, or another order")
            : Optional.empty();
      }
    };
  }

  /** The table with the chain of the key that signed the report alone, if both can be read. */
  static Optional<byte[]> chainAlone(TeeEvidence.Snp evidence) {
    try {
      return SnpReport.parse(evidence.report()) instanceof SnpReport.Parsed report
          ? Optional.of(
              CertificateTable.parse(evidence.certificates())
                  .chainOf(report.signingKey())
                  .toBytes())
          : Optional.empty();
    } catch (DerException _) {
      return Optional.empty();
    }
  }

  private static Optional<PeerVerdict.Refused> fault(CertificateFault fault, String detail) {
    return Optional.of(new PeerVerdict.Refused(fault.name(), detail));
  }
}
