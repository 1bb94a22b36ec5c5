package org.cocoon.link.evidence;

import static org.cocoon.link.evidence.Verdict.Reason.ATTESTATION_KEY_INVALID;
import static org.cocoon.link.evidence.Verdict.Reason.ATTESTATION_KEY_NOT_VOUCHED;
import static org.cocoon.link.evidence.Verdict.Reason.COLLATERAL_MISSING;
import static org.cocoon.link.evidence.Verdict.Reason.COLLATERAL_REFUSED;
import static org.cocoon.link.evidence.Verdict.Reason.IMAGE_NOT_ALLOWED;
import static org.cocoon.link.evidence.Verdict.Reason.MALFORMED_QUOTE;
import static org.cocoon.link.evidence.Verdict.Reason.QE_REPORT_SIGNATURE;
import static org.cocoon.link.evidence.Verdict.Reason.QUOTE_SIGNATURE;
import static org.cocoon.link.evidence.Verdict.Reason.REPORT_DATA;

import java.security.MessageDigest;
import java.security.PublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;

/**
 * Decides whether to believe a quote and whether the policy allows what it says.
 *
 * <p>Immutable and safe for use by many threads. One check takes four ECDSA verifications, one to
 * two milliseconds, so keep it off event loops.
 */
public final class EvidenceVerifier {
  private static final int QE_REPORT_DATA_OFFSET = 320;
  private static final int SHA256_BYTES = 32;

  private final Policy policy;
  private final CollateralCheck collateral;

  /** Checks against a policy, without collateral: a policy that requires it refuses everything. */
  public EvidenceVerifier(Policy policy) {
    this(policy, CollateralCheck.NONE);
  }

  /** Checks against a policy and the maker's collateral. */
  public EvidenceVerifier(Policy policy, CollateralCheck collateral) {
    this.policy = policy;
    this.collateral = collateral;
  }

  /** What it accepts. */
  public Policy policy() {
    return policy;
  }

  /**
   * Checks one quote.
   *
   * @param quote at most {@link TdxQuote#MAX_BYTES}; bytes after its end are ignored
   * @param expectedReportData what the quote must have been made for, 64 bytes
   * @param role whose list of images must have it
   * @param now the time of the check
   * @return never throws for any content of the quote
   */
  public Verdict verify(byte[] quote, byte[] expectedReportData, Role role, Instant now) {
    return switch (TdxQuote.parse(quote)) {
      case TdxQuote.Malformed malformed ->
          new Verdict.Rejected(MALFORMED_QUOTE, malformed.reason());
      case TdxQuote.Parsed parsed -> verify(parsed, expectedReportData, role, now);
    };
  }

  private Verdict verify(TdxQuote.Parsed quote, byte[] expectedReportData, Role role, Instant now) {
    try {
      PckChain chain = PckChain.verify(quote.certificateChain(), policy, now);
      requireSignatures(quote, chain.platformKey());
      requireReportData(quote.measurements(), expectedReportData);
      TrustDomainRules.require(quote.measurements());
      String imageHash = requireImage(quote.measurements(), role);
      CollateralCheck.Outcome.Passed passed = requireCollateral(quote, chain.platform(), now);
      return new Verdict.Trusted(
          quote.measurements(),
          imageHash,
          chain.simulated(),
          passed,
          endOf(chain.notAfter(), passed));
    } catch (EvidenceRefusedException e) {
      return e.verdict();
    }
  }

  /**
   * Platform signs quoting enclave, quoting enclave vouches for attestation key, key signs quote.
   */
  private static void requireSignatures(TdxQuote.Parsed quote, PublicKey platformKey)
      throws EvidenceRefusedException {
    if (!P256.verifies(platformKey, quote.qeSignature(), quote.qeReport())) {
      throw new EvidenceRefusedException(
          QE_REPORT_SIGNATURE, "the platform's key did not sign the quoting enclave's report");
    }
    byte[] vouched =
        Arrays.copyOfRange(quote.qeReport(), QE_REPORT_DATA_OFFSET, TdxQuoteParser.QE_REPORT_BYTES);
    byte[] keyHash = Digests.sha256(quote.attestationKey(), quote.authData());
    if (!MessageDigest.isEqual(vouched, Arrays.copyOf(keyHash, 2 * SHA256_BYTES))) {
      throw new EvidenceRefusedException(
          ATTESTATION_KEY_NOT_VOUCHED,
          "the quoting enclave's report data is not the attestation key's hash and 32 zero bytes");
    }
    PublicKey attestationKey =
        P256.keyAt(quote.attestationKey())
            .orElseThrow(
                () ->
                    new EvidenceRefusedException(
                        ATTESTATION_KEY_INVALID, "the attestation key is not on P-256"));
    if (!P256.verifies(attestationKey, quote.signature(), quote.signedBytes())) {
      throw new EvidenceRefusedException(
          QUOTE_SIGNATURE, "the attestation key did not sign header and body");
    }
  }

  private static void requireReportData(Measurements measurements, byte[] expected)
      throws EvidenceRefusedException {
    byte[] actual = HexFormat.of().parseHex(measurements.reportData());
    if (!MessageDigest.isEqual(actual, expected)) {
      throw new EvidenceRefusedException(
          REPORT_DATA, "the quote was made for another key or other claims");
    }
  }

  private String requireImage(Measurements measurements, Role role)
      throws EvidenceRefusedException {
    String hash = measurements.imageHash();
    Set<String> allowed = policy.imagesOf(role);
    if (!allowed.contains(hash)) {
      throw new EvidenceRefusedException(
          IMAGE_NOT_ALLOWED,
          "image " + hash + " is not among the " + allowed.size() + " of images." + role.word());
    }
    return hash;
  }

  private CollateralCheck.Outcome.Passed requireCollateral(
      TdxQuote.Parsed quote, PckExtension platform, Instant now) throws EvidenceRefusedException {
    return switch (collateral.check(quote, platform, now)) {
      case CollateralCheck.Outcome.Refused refused ->
          throw new EvidenceRefusedException(COLLATERAL_REFUSED, refused.detail());
      case CollateralCheck.Outcome.NotChecked notChecked -> {
        if (policy.collateralRequired()) {
          throw new EvidenceRefusedException(
              COLLATERAL_MISSING,
              "the policy requires collateral for platform "
                  + platform.fmspc()
                  + ", none is there");
        }
        yield notChecked;
      }
      case CollateralCheck.Outcome.Current current -> current;
    };
  }

  private static Instant endOf(Instant chainEnd, CollateralCheck.Outcome.Passed passed) {
    return switch (passed) {
      case CollateralCheck.Outcome.Current current when current.validUntil().isBefore(chainEnd) ->
          current.validUntil();
      case CollateralCheck.Outcome.Current _, CollateralCheck.Outcome.NotChecked _ -> chainEnd;
    };
  }
}
