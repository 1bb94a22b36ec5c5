package org.cocoon.link.evidence.snp;

import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.CHIP_DIFFERS;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.IMAGE_NOT_ALLOWED;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.LOADED_KEY_NOT_ALLOWED;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.MALFORMED_CERTIFICATES;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.MALFORMED_REPORT;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.PRODUCT_DIFFERS;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.REPORT_DATA;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.REPORT_SIGNATURE;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.RESERVED_BITS;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.REVOKED;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.TCB_DIFFERS;

import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.Role;

/**
 * Decides whether to believe an SNP report and whether the policy allows what it says.
 *
 * <p>Immutable and safe for use by many threads. One check takes two RSA-4096 and one ECDSA P-384
 * verification, measured at three milliseconds of CPU, so keep it off event loops.
 */
public final class SnpVerifier {
  private final SnpPolicy policy;
  private final RevocationCheck revocation;

  /** Checks against a policy, without the maker's revocation list. */
  public SnpVerifier(SnpPolicy policy) {
    this(policy, RevocationCheck.NONE);
  }

  /** Checks against a policy and the maker's revocation list. */
  public SnpVerifier(SnpPolicy policy, RevocationCheck revocation) {
    this.policy = policy;
    this.revocation = revocation;
  }

  /**
   * Checks one report.
   *
   * @param report {@link SnpReport#BYTES}
   * @param certificates the table from beside the report, see {@link CertificateTable}
   * @param expectedReportData what the report must have been made for, 64 bytes
   * @param role whose list of images must have it
   * @param now the time of the check
   * @return never throws for any content of report and certificates
   */
  public SnpVerdict verify(
      byte[] report, byte[] certificates, byte[] expectedReportData, Role role, Instant now) {
    return switch (SnpReport.parse(report)) {
      case SnpReport.Malformed malformed ->
          new SnpVerdict.Rejected(MALFORMED_REPORT, malformed.reason());
      case SnpReport.Parsed parsed -> {
        try {
          yield verify(parsed, table(certificates), expectedReportData, role, now);
        } catch (SnpRefusedException e) {
          yield e.verdict();
        }
      }
    };
  }

  private SnpVerdict verify(
      SnpReport.Parsed report,
      CertificateTable table,
      byte[] expectedReportData,
      Role role,
      Instant now)
      throws SnpRefusedException {
    if (report.signingKey() == SnpReport.SigningKey.VLEK && !policy.loadedKeysAllowed()) {
      throw new SnpRefusedException(
          LOADED_KEY_NOT_ALLOWED, "a cloud provider's key (VLEK) signed the report");
    }
    EndorsementChain chain = EndorsementChain.verify(table, report.signingKey(), policy, now);
    Instant listEnd = requireNotRevoked(chain, now);
    if (!P384.verifies(chain.key(), report.signature(), report.signedBytes())) {
      throw new SnpRefusedException(
          REPORT_SIGNATURE, "the endorsement key did not sign the report");
    }
    requireSamePlatform(report, chain.platform());
    requireReportData(report, expectedReportData);
    GuestRules.require(report, chain, policy);
    return new SnpVerdict.Trusted(
        report,
        requireImage(report, role),
        chain.platform().product(),
        chain.platform().tcb(),
        chain.simulated(),
        !listEnd.equals(Instant.MAX),
        listEnd.isBefore(chain.notAfter()) ? listEnd : chain.notAfter());
  }

  private static CertificateTable table(byte[] certificates) throws SnpRefusedException {
    try {
      return CertificateTable.parse(certificates);
    } catch (DerException e) {
      throw new SnpRefusedException(
          MALFORMED_CERTIFICATES, "the certificate table: " + e.getMessage());
    }
  }

  /** The end of the list that was consulted, or the end of time where none was. */
  private Instant requireNotRevoked(EndorsementChain chain, Instant now)
      throws SnpRefusedException {
    return switch (revocation.check(
        chain.platform().product(),
        chain.signingKey().x509(),
        chain.endorsementKey().x509(),
        now)) {
      case RevocationCheck.Outcome.Refused refused ->
          throw new SnpRefusedException(REVOKED, refused.detail());
      case RevocationCheck.Outcome.Good good -> good.validUntil();
      case RevocationCheck.Outcome.NotChecked _ -> Instant.MAX;
    };
  }

  private static void requireSamePlatform(SnpReport.Parsed report, EndorsementExtensions platform)
      throws SnpRefusedException {
    Product product = platform.product();
    if (report.cpuid().isPresent() && !product.includes(report.cpuid().get())) {
      throw new SnpRefusedException(
          PRODUCT_DIFFERS, "the key is of " + product + ", the report of " + report.cpuid().get());
    }
    if (TcbVersion.hasReservedBits(report.reportedTcb(), product)) {
      throw new SnpRefusedException(RESERVED_BITS, "the reported TCB has reserved bits");
    }
    TcbVersion reported = TcbVersion.of(report.reportedTcb(), product);
    if (!reported.equals(platform.tcb())) {
      throw new SnpRefusedException(
          TCB_DIFFERS, "the report says " + reported + ", its signing key " + platform.tcb());
    }
    if (report.signingKey() == SnpReport.SigningKey.VCEK && !platform.isChip(report.chipId())) {
      throw new SnpRefusedException(
          CHIP_DIFFERS, "the report's chip id is not its signing key's, or is masked");
    }
  }

  private static void requireReportData(SnpReport.Parsed report, byte[] expected)
      throws SnpRefusedException {
    byte[] actual = HexFormat.of().parseHex(report.reportData());
    if (!MessageDigest.isEqual(actual, expected)) {
      throw new SnpRefusedException(
          REPORT_DATA, "the report was made for another key or other claims");
    }
  }

  private String requireImage(SnpReport.Parsed report, Role role) throws SnpRefusedException {
    String hash = report.imageHash();
    Set<String> allowed = policy.imagesOf(role);
    if (!allowed.contains(hash)) {
      throw new SnpRefusedException(
          IMAGE_NOT_ALLOWED,
          "image " + hash + " is not among the " + allowed.size() + " of images." + role.word());
    }
    return hash;
  }
}
