package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicReference;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Links that are up, while policy, collateral and time go on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PeerWatchTest {
  private final AttestedNodes nodes;
  private final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  private final Queue<Runnable> aside = new ArrayDeque<>();
  private final List<String> lost = new ArrayList<>();
  private PeerVerifier verifier;
  private PeerWatch<String> watch;

  PeerWatchTest(@TempDir Path dir) {
    nodes = new AttestedNodes(dir);
    verifier = nodes.expecting(Role.WORKER, 8, now::get);
    watch = watch();
  }

  @BeforeEach
  void restart() {
    now.set(NOW);
    aside.clear();
    lost.clear();
    verifier = nodes.expecting(Role.WORKER, 8, now::get);
    watch = watch();
  }

  @AfterAll
  void close() throws IOException {
    nodes.close();
  }

  private PeerWatch<String> watch() {
    return new PeerWatch<>(
        verifier,
        now::get,
        aside::add,
        Runnable::run,
        (link, why, changed) -> lost.add(link + " " + why.reason() + " " + changed));
  }

  private void attach(String link) throws IOException {
    X509Certificate certificate = nodes.identity(Role.WORKER).certificate();
    watch.add(link, certificate, verifier.judge(certificate));
  }

  /** Runs a tick and all that it sends aside; returns how much that was. */
  private int tick() {
    watch.tick();
    int judged = 0;
    for (Runnable next = aside.poll(); next != null; next = aside.poll()) {
      next.run();
      judged++;
    }
    return judged;
  }

  @Test
  void judgesNothingWhileNothingChanges() throws IOException {
    attach("a");
    attach("b");
    long before = verifier.verifications();
    now.set(NOW.plus(Duration.ofHours(23)));
    assertEquals(0, tick());
    assertEquals(before, verifier.verifications());
  }

  @Test
  void aPolicyThatRefusesAPeerEndsItsLinkOnce() throws IOException {
    attach("a");
    attach("b");
    watch.remove("b");
    verifier.use(new EvidenceVerifier(TestNetwork.productionPolicy()));
    assertEquals(1, tick());
    assertEquals(List.of("a SIMULATED_NOT_ALLOWED true"), lost);
    assertEquals(0, tick());
  }

  @Test
  void aChangeThatAllowsThePeersJudgesEachOfThemOnce() throws IOException {
    attach("a");
    attach("b");
    verifier.use(new EvidenceVerifier(nodes.policy()));
    watch.tick();
    watch.tick(); // while the judging is still under way
    assertEquals(2, aside.size());
    assertEquals(2, tick());
    assertEquals(0, tick());
    assertEquals(List.of(), lost);
  }

  @Test
  void aChangeWhileJudgingIsJudgedAgain() throws IOException {
    attach("a");
    verifier.use(new EvidenceVerifier(nodes.policy()));
    watch.tick();
    Runnable judging = aside.remove();
    judging.run();
    verifier.use(new EvidenceVerifier(TestNetwork.productionPolicy()));
    assertEquals(1, tick());
    assertEquals(List.of("a SIMULATED_NOT_ALLOWED true"), lost);
  }

  @Test
  void aLinkEndsWithItsCertificate() throws IOException {
    attach("a");
    now.set(NOW.plus(Duration.ofDays(1)));
    tick();
    assertEquals(List.of("a NOT_VALID_NOW false"), lost);
  }

  @Test
  void aLinkEndsWithTheCollateralThatItsVerdictConsulted() throws IOException {
    Instant collateralEnds = NOW.plus(Duration.ofHours(2));
    Collateral collateral = nodes.network().collateral(collateralEnds).make();
    verifier.use(new EvidenceVerifier(nodes.policy(), new SettableCollateral(collateral)));
    attach("a");
    now.set(collateralEnds.minusSeconds(1));
    assertEquals(0, tick());
    now.set(collateralEnds.plusSeconds(1));
    assertEquals(1, tick());
    assertEquals(List.of("a CRL_EXPIRED false"), lost);
  }

  @Test
  void collateralThatRevokesAPlatformEndsItsLinkUnderTheSamePolicy() throws IOException {
    SettableCollateral shelf = new SettableCollateral(nodes.network().collateral().make());
    verifier.use(new EvidenceVerifier(nodes.policy(), shelf));
    attach("a");
    assertEquals(0, tick());
    shelf.set(nodes.network().collateral().platformStatus(TcbStatus.REVOKED).make());
    assertEquals(1, tick());
    assertEquals(List.of("a TCB_REVOKED true"), lost);
  }

  @Test
  void fresherCollateralProlongsALink() throws IOException {
    Instant collateralEnds = NOW.plus(Duration.ofHours(2));
    SettableCollateral shelf =
        new SettableCollateral(nodes.network().collateral(collateralEnds).make());
    verifier.use(new EvidenceVerifier(nodes.policy(), shelf));
    attach("a");
    shelf.set(nodes.network().collateral().make());
    assertEquals(1, tick());
    now.set(collateralEnds.plusSeconds(1));
    assertEquals(0, tick());
    assertEquals(List.of(), lost);
  }
}
