package org.cocoon.link.evidence;

import static org.cocoon.link.evidence.Verdict.Reason.ATTESTATION_KEY_INVALID;
import static org.cocoon.link.evidence.Verdict.Reason.ATTESTATION_KEY_NOT_VOUCHED;
import static org.cocoon.link.evidence.Verdict.Reason.COLLATERAL_MISSING;
import static org.cocoon.link.evidence.Verdict.Reason.IMAGE_NOT_ALLOWED;
import static org.cocoon.link.evidence.Verdict.Reason.MALFORMED_QUOTE;
import static org.cocoon.link.evidence.Verdict.Reason.QE_REPORT_SIGNATURE;
import static org.cocoon.link.evidence.Verdict.Reason.QUOTE_SIGNATURE;
import static org.cocoon.link.evidence.Verdict.Reason.REPORT_DATA;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether to believe a quote and whether the policy allows what it says.
 *
 * <p>The checks run in the order of {@link Verdict.Reason}, and the first that fails gives the
 * reason: the chain in the quote up to a pinned root, the quote's own signatures and report data,
 * the platform by Intel's collateral, and last the policy on status, domain and image. Collateral
 * that the policy does not require may be missing; what is at hand is checked and must hold.
 *
 * <p>Immutable but for what it remembers of collateral, and safe for use by many threads. One check
 * takes four ECDSA verifications, one to two milliseconds, and the first with new collateral six
 * more, so keep it off event loops.
 */
public final class EvidenceVerifier {
  private static final int SHA256_BYTES = 32;

  private final Policy policy;
  private final byte[] policyDigest;
  private final CollateralSource source;
  private final CollateralShelf collateral;

  /** Checks against a policy, without collateral: a policy that requires it refuses everything. */
  public EvidenceVerifier(Policy policy) {
    this(policy, CollateralSource.NONE);
  }

  /** Checks against a policy and the maker's collateral. */
  public EvidenceVerifier(Policy policy, CollateralSource collateral) {
    this.policy = policy;
    this.policyDigest = policy.digest();
    this.source = collateral;
    this.collateral = new CollateralShelf(collateral);
  }

  /**
   * The same checks for handshakes, which wait for the first collateral of a kind of platform, but
   * never longer than this; their verdicts have the same {@link #version()}.
   */
  public EvidenceVerifier waitingAtMost(Duration wait) {
    return new EvidenceVerifier(policy, source.waitingAtMost(wait));
  }

  /** What it accepts. */
  public Policy policy() {
    return policy;
  }

  /**
   * Names what verdicts rest on at this moment, beside evidence and time: SHA-256 of the policy's
   * digest and the collateral source's version, 32 bytes. A verdict remembered under another name
   * may no longer hold.
   */
  public byte[] version() {
    byte[] source = ByteBuffer.allocate(Long.BYTES).putLong(collateral.version()).array();
    return Digests.sha256(policyDigest, source);
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
      Optional<CheckedCollateral> current = requireCollateral(chain, now);
      PlatformTcb tcb = requireTcb(current, chain, quote);
      TrustDomainRules.require(quote.measurements(), policy.domains());
      String imageHash = requireImage(quote.measurements(), role);
      Instant notAfter =
          current
              .map(CheckedCollateral::notAfter)
              .filter(chain.notAfter()::isAfter)
              .orElse(chain.notAfter());
      return new Verdict.Trusted(quote.measurements(), imageHash, chain.simulated(), tcb, notAfter);
    } catch (EvidenceRefusedException e) {
      return e.verdict();
    }
  }

  private Optional<CheckedCollateral> requireCollateral(PckChain chain, Instant now)
      throws EvidenceRefusedException {
    PlatformName platform = chain.name();
    Optional<CheckedCollateral> checked = collateral.of(platform);
    if (checked.isPresent()) {
      checked.get().requireFor(chain, now);
    } else if (policy.collateralRequired()) {
      throw new EvidenceRefusedException(
          COLLATERAL_MISSING,
          "the policy requires collateral for platform "
              + platform.fmspc()
              + " under the "
              + platform.ca().word()
              + " CA, and none is at hand");
    }
    return checked;
  }

  private PlatformTcb requireTcb(
      Optional<CheckedCollateral> current, PckChain chain, TdxQuote.Parsed quote)
      throws EvidenceRefusedException {
    if (current.isEmpty()) {
      return new PlatformTcb.NotChecked();
    }
    PlatformTcb.Checked tcb = current.get().evaluate(chain, quote);
    TcbRules.require(tcb, policy.tcb());
    return tcb;
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
    byte[] vouched = QeReport.of(quote.qeReport()).reportData();
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
}
