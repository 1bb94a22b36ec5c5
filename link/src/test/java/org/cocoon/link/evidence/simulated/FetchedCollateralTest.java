package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.collateral.CollateralScreening;
import org.cocoon.link.evidence.collateral.PccsSource;
import org.cocoon.link.evidence.collateral.RefreshingCollateral;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Verdicts over collateral that came through HTTP from a caching server. */
@Timeout(60)
final class FetchedCollateralTest {
  private static final String FMSPC = TestCertificates.PLATFORM.fmspc();
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final byte[] REPORT_DATA = new byte[64];

  private final Path dir;
  private final TestNetwork network;
  private final Policy policy;
  private final LocalPccs server;
  private final byte[] quote;
  private final PccsSource source;
  private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  private final List<String> problems = new CopyOnWriteArrayList<>();

  FetchedCollateralTest(@TempDir Path dir) throws IOException {
    this.dir = dir;
    network = new TestNetwork(dir);
    policy = network.policy().withCollateralRequired(true);
    server = new LocalPccs(0);
    source = new PccsSource(server.base(), Optional.empty(), PATIENT);
    quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
    serve(network.collateral().make());
  }

  @AfterEach
  void close() {
    source.close();
    server.close();
  }

  private void serve(Collateral collateral) {
    server.serve(FMSPC, CaType.PLATFORM, collateral);
  }

  private RefreshingCollateral start(Set<String> roots) throws IOException {
    return RefreshingCollateral.start(
        source, CollateralScreening.under(() -> roots), Optional.empty(), now::get, problems::add);
  }

  private Verdict judge(EvidenceVerifier verifier) {
    return verifier.verify(quote, REPORT_DATA, Role.WORKER, now.get());
  }

  private static void assertReason(Verdict.Reason expected, Verdict verdict) {
    Verdict.Rejected rejected =
        assertInstanceOf(Verdict.Rejected.class, verdict, verdict.toString());
    assertEquals(expected, rejected.reason(), rejected.detail());
  }

  @Test
  void theFirstHandshakeThatMayWaitIsTrusted() throws IOException {
    try (RefreshingCollateral collateral = start(policy.simulatedRoots())) {
      Verdict verdict = judge(new EvidenceVerifier(policy, collateral.waitingAtMost(PATIENT)));
      assertInstanceOf(Verdict.Trusted.class, verdict, verdict.toString());
      assertInstanceOf(
          Verdict.Trusted.class, judge(new EvidenceVerifier(policy, collateral)), "held by now");
      assertEquals(4, server.requests());
    }
  }

  @Test
  void aServerThatStallsMakesTheCheckRefuseAtOnce() throws IOException {
    server.use(LocalPccs.Fault.STALL);
    try (RefreshingCollateral collateral = start(policy.simulatedRoots())) {
      assertReason(
          Verdict.Reason.COLLATERAL_MISSING, judge(new EvidenceVerifier(policy, collateral)));
      assertReason(
          Verdict.Reason.COLLATERAL_MISSING,
          judge(new EvidenceVerifier(policy, collateral.waitingAtMost(Duration.ofMillis(10)))));
      assertEquals(1, collateral.standings().size());
    }
  }

  @Test
  void collateralThatTheMakerDidNotSignIsNotHeld() throws IOException {
    Collateral genuine = network.collateral().make();
    UnaryOperator<String> newer = text -> text.replace("2026-", "2027-");
    serve(with(genuine, newer.apply(genuine.tcbInfo())));
    try (RefreshingCollateral collateral = start(policy.simulatedRoots())) {
      IOException refused =
          assertThrows(
              IOException.class,
              () -> collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ofSeconds(1)));
      assertTrue(
          String.valueOf(refused.getMessage()).contains("TCB_INFO_SIGNATURE"), refused.toString());
      assertReason(
          Verdict.Reason.COLLATERAL_MISSING, judge(new EvidenceVerifier(policy, collateral)));
    }
  }

  @Test
  void collateralUnderARootThatThePolicyDoesNotNameIsNotHeld() throws IOException {
    try (RefreshingCollateral collateral = start(Set.of(Policy.INTEL_SGX_ROOT))) {
      IOException refused =
          assertThrows(
              IOException.class,
              () -> collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ofSeconds(1)));
      assertTrue(
          String.valueOf(refused.getMessage()).contains("COLLATERAL_ROOT"), refused.toString());
    }
  }

  @Test
  void aServerThatGivesAnotherPlatformsDataIsRefused() throws IOException {
    serve(network.collateral().editTcbInfo(text -> text.replace(FMSPC, "0123456789ab")).make());
    try (RefreshingCollateral collateral = start(policy.simulatedRoots())) {
      IOException refused =
          assertThrows(
              IOException.class,
              () -> collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ofSeconds(1)));
      assertTrue(String.valueOf(refused.getMessage()).contains("0123456789ab"), refused.toString());
    }
  }

  @Test
  void aRevocationReachesTheVerdictWithTheNextFetch() throws Exception {
    try (RefreshingCollateral collateral = start(policy.simulatedRoots())) {
      EvidenceVerifier verifier = new EvidenceVerifier(policy, collateral);
      collateral.prefetch(FMSPC, CaType.PLATFORM, PATIENT);
      assertInstanceOf(Verdict.Trusted.class, judge(verifier));
      byte[] before = verifier.version();
      CountDownLatch changed = new CountDownLatch(1);
      collateral.onChange(_ -> changed.countDown());
      Instant later = NOW.plus(Duration.ofHours(12));
      serve(
          new SimulatedCollateral(
                  SimulatedRoot.in(dir, TestNetwork.CLOCK), later, later.plus(Duration.ofDays(30)))
              .platformStatus(TcbStatus.REVOKED)
              .make());
      now.set(later);
      collateral.refreshNow();
      changed.await();
      assertReason(Verdict.Reason.TCB_REVOKED, judge(verifier));
      assertNotEquals(
          HexFormat.of().formatHex(before), HexFormat.of().formatHex(verifier.version()));
      assertEquals(List.of(), problems);
    }
  }

  private static Collateral with(Collateral of, String tcbInfo) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        of.rootCaCrl(),
        of.pckCrl(),
        of.tcbInfoIssuerChain(),
        tcbInfo,
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        of.qeIdentity(),
        of.qeIdentitySignature());
  }
}
