package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.Verdict.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Good quotes beside collateral that must not let them in, each with its own reason. */
final class CollateralRefusalTest {
  private static final byte[] REPORT_DATA = new byte[64];

  @TempDir Path dir = Path.of("");
  @TempDir Path otherDir = Path.of("");
  private Policy policy = TestNetwork.productionPolicy();
  private byte[] quote = {};

  @BeforeEach
  void makeNetwork() throws IOException {
    policy = network().policy().withCollateralRequired(true);
    quote = network().platform().quote(TestNetwork.measurements(REPORT_DATA));
  }

  @Test
  void believesAPlatformThatIsUpToDateAndNamesWhenThatEnds() throws IOException {
    Verdict.Trusted trusted = assertTrusted(verify(good().make()));
    PlatformTcb.Checked tcb = assertInstanceOf(PlatformTcb.Checked.class, trusted.tcb());
    assertEquals(TcbStatus.UP_TO_DATE, tcb.status());
    assertEquals(18, tcb.tcbInfoNumber());
    assertEquals(NOW.plus(Duration.ofDays(29)), trusted.notAfter());
    Instant first = NOW.plusSeconds(60);
    assertEquals(first, assertTrusted(verify(good().listsUntil(first).make())).notAfter());
    assertEquals(first, assertTrusted(verify(good().signerUntil(first).make())).notAfter());
  }

  @Test
  void collateralThatIsAtHandMustHoldEvenWhereNoneIsRequired() throws IOException {
    policy = policy.withCollateralRequired(false);
    assertRefused(Reason.CA_REVOKED, verify(good().revokeCa().make()));
    Verdict none = new EvidenceVerifier(policy).verify(quote, REPORT_DATA, Role.WORKER, NOW);
    assertEquals(new PlatformTcb.NotChecked(), assertTrusted(none).tcb());
  }

  @Test
  void refusesWithoutTheCollateralThatIsRequired() {
    assertRefused(
        Reason.COLLATERAL_MISSING,
        new EvidenceVerifier(policy).verify(quote, REPORT_DATA, Role.WORKER, NOW));
  }

  @Test
  void refusesTheRevoked() throws IOException {
    BigInteger platform =
        EcdsaCertificate.parse(QuoteParts.chain(quote).getFirst()).x509().getSerialNumber();
    assertRefused(Reason.PCK_REVOKED, verify(good().revokePlatform(platform).make()));
    assertRefused(Reason.CA_REVOKED, verify(good().revokeCa().make()));
    assertRefused(Reason.TCB_SIGNER_REVOKED, verify(good().revokeSigner().make()));
    assertTrusted(verify(good().revokePlatform(platform.add(BigInteger.ONE)).make()));
  }

  @Test
  void refusesAtOtherTimes() throws IOException {
    assertRefused(Reason.CRL_EXPIRED, verify(good().listsUntil(NOW.minusSeconds(1)).make()));
    assertRefused(
        Reason.COLLATERAL_CHAIN_NOT_VALID_NOW,
        verify(good().signerUntil(NOW.minusSeconds(1)).make()));
    String yesterday = NOW.minus(Duration.ofDays(1)).toString();
    String last = NOW.plus(Duration.ofDays(29)).toString();
    String past = NOW.minusSeconds(1).toString();
    String future = NOW.plusSeconds(1).toString();
    assertRefused(Reason.COLLATERAL_EXPIRED, tcbInfo(text -> text.replace(last, past)));
    assertRefused(Reason.COLLATERAL_EXPIRED, qeIdentity(text -> text.replace(last, past)));
    assertRefused(Reason.COLLATERAL_FROM_FUTURE, tcbInfo(text -> text.replace(yesterday, future)));
    assertRefused(
        Reason.COLLATERAL_FROM_FUTURE, qeIdentity(text -> text.replace(yesterday, future)));
    assertRefused(
        Reason.MALFORMED_COLLATERAL,
        tcbInfo(text -> text.replace(last, "2026-03-30T12:00:00+00:00")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TCB_INFO_KIND|\"id\":\"TDX\",|\"id\":\"SGX\",",
        "TCB_INFO_KIND|\"version\":3|\"version\":2",
        "TCB_INFO_KIND|\"tcbType\":0|\"tcbType\":1",
        "TCB_INFO_PLATFORM|c0c000000000|c0c000000001",
        "TCB_INFO_PLATFORM|\"pceId\":\"0000\"|\"pceId\":\"0001\"",
        "TCB_UNKNOWN_STATUS|\"UpToDate\"|\"Wonderful\"",
        "TCB_UNKNOWN_STATUS|\"UpToDate\"|\"TDRelaunchAdvised\"",
        "MALFORMED_COLLATERAL|[{\"svn\":7},|[",
        "MALFORMED_COLLATERAL|\"fmspc\":|\"fmspc\":\"c0c000000000\",\"fmspc\":",
        "MALFORMED_COLLATERAL|\"isvsvn\":2}|\"isvsvn\":8}",
        "MODULE_IDENTITY_MISSING|TDX_01|TDX_02",
        "MODULE_IDENTITY_MISMATCH|0000000000000000\",\"attributesMask|0100000000000000\",\"attributesMask",
        "MODULE_LEVEL_NONE|\"isvsvn\":2}|\"isvsvn\":8},\"was\":{\"isvsvn\":2}",
      })
  void refusesTcbInfo(Reason reason, String part, String instead) throws IOException {
    assertRefused(
        reason,
        tcbInfo(
            text -> {
              assertNotEquals(-1, text.indexOf(part));
              String changed = text.replace(part, instead);
              // For the module's level: both levels must be out of reach and in order.
              return reason == Reason.MODULE_LEVEL_NONE
                  ? changed.replace("\"isvsvn\":7}", "\"isvsvn\":9}")
                  : changed;
            }));
  }

  @Test
  void refusesAPlatformBelowEveryLevel() throws IOException {
    // All levels ask for one more of what the platform has 13 of.
    assertRefused(
        Reason.TCB_LEVEL_NONE,
        tcbInfo(
            text ->
                text.replace("\"pcesvn\":13", "\"pcesvn\":15")
                    .replace("\"pcesvn\":5", "\"pcesvn\":14")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "QE_IDENTITY_KIND|TD_QE|QE",
        "QE_IDENTITY_KIND|\"version\":2|\"version\":3",
        "QE_IDENTITY_MISMATCH|c0c0c0c0|c0c0c0c1",
        "QE_IDENTITY_MISMATCH|\"isvprodid\":2|\"isvprodid\":1",
        "QE_IDENTITY_MISMATCH|\"attributes\":\"11|\"attributes\":\"01",
        "QE_IDENTITY_MISMATCH|\"miscselect\":\"00|\"miscselect\":\"01",
        "QE_LEVEL_NONE|\"isvsvn\":2}|\"isvsvn\":5}",
        "MALFORMED_COLLATERAL|\"isvsvn\":4}|\"isvsvn\":1}",
        "TCB_UNKNOWN_STATUS|\"UpToDate\"|\"uptodate\"",
      })
  void refusesQeIdentity(Reason reason, String part, String instead) throws IOException {
    assertRefused(
        reason,
        qeIdentity(
            text -> {
              assertNotEquals(-1, text.indexOf(part));
              String changed = text.replace(part, instead);
              return reason == Reason.QE_LEVEL_NONE
                  ? changed.replace("\"isvsvn\":4}", "\"isvsvn\":6}")
                  : changed;
            }));
  }

  @Test
  void refusesWhatItsSignerDidNotSign() throws IOException {
    Collateral made = good().make();
    String respaced = made.tcbInfo().replaceFirst(":", ": ");
    assertRefused(Reason.TCB_INFO_SIGNATURE, verify(with(made, respaced, made.qeIdentity())));
    String other = made.qeIdentity().replace("18", "19");
    assertRefused(Reason.QE_IDENTITY_SIGNATURE, verify(with(made, made.tcbInfo(), other)));
  }

  @Test
  void noChangedByteOfARevocationListIsBelieved() throws IOException {
    Collateral made = good().make();
    for (int i = 0; i < made.pckCrl().length; i++) {
      byte[] changed = made.pckCrl().clone();
      changed[i] ^= 1;
      Verdict verdict = verify(withLists(made, made.rootCaCrl(), changed));
      Reason reason = assertInstanceOf(Verdict.Rejected.class, verdict, "byte " + i).reason();
      assertEquals(
          true,
          Set.of(Reason.MALFORMED_COLLATERAL, Reason.CRL_SIGNATURE, Reason.CRL_ISSUER)
              .contains(reason),
          "byte " + i + ": " + reason);
    }
  }

  @Test
  void refusesListsOfAnotherIssuer() throws IOException {
    Collateral made = good().make();
    assertRefused(Reason.CRL_ISSUER, verify(withLists(made, made.pckCrl(), made.pckCrl())));
    assertRefused(Reason.CRL_ISSUER, verify(withLists(made, made.rootCaCrl(), made.rootCaCrl())));
    Collateral foreign = new TestNetwork(otherDir).collateral().make();
    assertRefused(
        Reason.CRL_SIGNATURE, verify(withLists(made, made.rootCaCrl(), foreign.pckCrl())));
  }

  @Test
  void refusesCollateralUnderAnotherRoot() throws IOException {
    Collateral foreign = new TestNetwork(otherDir).collateral().make();
    assertRefused(Reason.COLLATERAL_ROOT, verify(foreign));
    Collateral made = good().make();
    Collateral mixed =
        new Collateral(
            made.pckCrlIssuerChain(),
            made.rootCaCrl(),
            made.pckCrl(),
            foreign.tcbInfoIssuerChain(),
            foreign.tcbInfo(),
            foreign.tcbInfoSignature(),
            made.qeIdentityIssuerChain(),
            made.qeIdentity(),
            made.qeIdentitySignature());
    assertRefused(Reason.COLLATERAL_ROOT, verify(mixed));
  }

  @Test
  void refusesACaAsSignerOfDocuments() throws IOException {
    Collateral made = good().make();
    Collateral byCa =
        new Collateral(
            made.pckCrlIssuerChain(),
            made.rootCaCrl(),
            made.pckCrl(),
            made.pckCrlIssuerChain(),
            made.tcbInfo(),
            made.tcbInfoSignature(),
            made.qeIdentityIssuerChain(),
            made.qeIdentity(),
            made.qeIdentitySignature());
    assertRefused(Reason.COLLATERAL_CHAIN, verify(byCa));
  }

  @Test
  void policyDecidesOnStatusAdvisoriesAndNumber() throws IOException {
    Collateral hardening =
        good().platformStatus(TcbStatus.SW_HARDENING_NEEDED, "SIM-SA-7", "SIM-SA-8").make();
    assertRefused(Reason.TCB_STATUS_NOT_ALLOWED, verify(hardening));
    policy = allowing(0, Set.of("SIM-SA-7"), TcbStatus.SW_HARDENING_NEEDED);
    assertRefused(Reason.ADVISORY_NOT_ALLOWED, verify(hardening));
    policy = allowing(0, Set.of("SIM-SA-7", "SIM-SA-8"), TcbStatus.SW_HARDENING_NEEDED);
    Verdict.Trusted trusted = assertTrusted(verify(hardening));
    assertEquals(
        new TreeSet<>(Set.of("SIM-SA-7", "SIM-SA-8")),
        assertInstanceOf(PlatformTcb.Checked.class, trusted.tcb()).advisories());
    policy = allowing(19, Set.of(), TcbStatus.UP_TO_DATE);
    assertRefused(Reason.EVALUATION_NUMBER_TOO_LOW, verify(good().make()));
    assertTrusted(verify(good().evaluationNumber(19).make()));
    assertRefused(Reason.TCB_REVOKED, verify(good().platformStatus(TcbStatus.REVOKED).make()));
  }

  @Test
  void anOldEnclaveOrModuleMakesThePlatformOutOfDate() throws IOException {
    policy = allowing(0, Set.of("SIM-SA-00003"), TcbStatus.OUT_OF_DATE);
    assertStatus(
        TcbStatus.OUT_OF_DATE,
        verify(good().editQeIdentity(text -> text.replace("\"isvsvn\":4", "\"isvsvn\":5")).make()));
    policy = allowing(0, Set.of("SIM-SA-00002"), TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED);
    assertStatus(
        TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED,
        verify(
            good()
                .platformStatus(TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED)
                .editTcbInfo(text -> text.replace("\"isvsvn\":7", "\"isvsvn\":8"))
                .make()));
  }

  @Test
  void aDomainLaunchedOnAnOldModuleShouldBeLaunchedAgain() throws IOException {
    policy = allowing(0, Set.of("SIM-SA-00002"), TcbStatus.TD_RELAUNCH_ADVISED);
    quote = td15("02010300", "07010300");
    assertStatus(TcbStatus.TD_RELAUNCH_ADVISED, verify(good().make()));
    quote = td15("02010300", "02010300");
    assertRefused(Reason.TCB_STATUS_NOT_ALLOWED, verify(good().make()));
    quote = td15("07010300", "07020300");
    assertRefused(Reason.MODULE_IDENTITY_MISSING, verify(good().make()));
    policy = allowing(0, Set.of(), TcbStatus.UP_TO_DATE);
    quote = td15("07010300", "02010300");
    assertStatus(TcbStatus.UP_TO_DATE, verify(good().make()));
  }

  @Test
  void versionNamesPolicyAndCollateral() throws IOException {
    Collateral made = good().make();
    byte[] version = new EvidenceVerifier(policy, source(made, 1)).version();
    assertEquals(
        HexFormat.of().formatHex(version),
        HexFormat.of().formatHex(new EvidenceVerifier(policy, source(made, 1)).version()));
    assertFalse(Arrays.equals(version, new EvidenceVerifier(policy, source(made, 2)).version()));
    Policy other = policy.withCollateralRequired(false);
    assertFalse(Arrays.equals(version, new EvidenceVerifier(other, source(made, 1)).version()));
  }

  private TestNetwork network() throws IOException {
    return new TestNetwork(dir);
  }

  private SimulatedCollateral good() throws IOException {
    return network().collateral();
  }

  private Policy allowing(int number, Set<String> advisories, TcbStatus... statuses) {
    return policy.withTcb(new Policy.Tcb(Set.of(statuses), number, advisories));
  }

  private byte[] td15(String atLaunch, String atPresent) throws IOException {
    Measurements of = TestNetwork.measurements(REPORT_DATA);
    String rest = "00".repeat(12);
    return network()
        .platform()
        .quoteTd15(
            new Measurements(
                atLaunch + rest,
                of.mrSeam(),
                of.mrSignerSeam(),
                of.seamAttributes(),
                of.tdAttributes(),
                of.xfam(),
                of.mrTd(),
                of.mrConfigId(),
                of.mrOwner(),
                of.mrOwnerConfig(),
                of.rtmr0(),
                of.rtmr1(),
                of.rtmr2(),
                of.rtmr3(),
                of.reportData(),
                atPresent + rest,
                of.mrServiceTd()));
  }

  private Verdict tcbInfo(UnaryOperator<String> edit) throws IOException {
    return verify(good().editTcbInfo(edit).make());
  }

  private Verdict qeIdentity(UnaryOperator<String> edit) throws IOException {
    return verify(good().editQeIdentity(edit).make());
  }

  private Verdict verify(Collateral collateral) {
    return new EvidenceVerifier(policy, source(collateral, 1))
        .verify(quote, REPORT_DATA, Role.WORKER, NOW);
  }

  private static CollateralSource source(Collateral collateral, long version) {
    return new CollateralSource() {
      @Override
      public Optional<Collateral> collateral(String fmspc, CaType ca) {
        assertEquals("c0c000000000", fmspc);
        assertEquals(CaType.PLATFORM, ca);
        return Optional.of(collateral);
      }

      @Override
      public long version() {
        return version;
      }
    };
  }

  private static Collateral with(Collateral of, String tcbInfo, String qeIdentity) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        of.rootCaCrl(),
        of.pckCrl(),
        of.tcbInfoIssuerChain(),
        tcbInfo,
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        qeIdentity,
        of.qeIdentitySignature());
  }

  private static Collateral withLists(Collateral of, byte[] rootCrl, byte[] pckCrl) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        rootCrl,
        pckCrl,
        of.tcbInfoIssuerChain(),
        of.tcbInfo(),
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        of.qeIdentity(),
        of.qeIdentitySignature());
  }

  private static void assertStatus(TcbStatus status, Verdict verdict) {
    PlatformTcb.Checked tcb =
        assertInstanceOf(PlatformTcb.Checked.class, assertTrusted(verdict).tcb());
    assertEquals(status, tcb.status());
  }

  private static Verdict.Trusted assertTrusted(Verdict verdict) {
    return assertInstanceOf(Verdict.Trusted.class, verdict, verdict.toString());
  }

  private static void assertRefused(Reason reason, Verdict verdict) {
    Verdict.Rejected rejected =
        assertInstanceOf(Verdict.Rejected.class, verdict, verdict.toString());
    assertEquals(reason, rejected.reason(), rejected.detail());
  }
}
