package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.cocoon.link.evidence.simulated.TestNetwork.IMAGE;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.SnpRegisters;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Links of nodes under SEV-SNP, by the code that serves TDX. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SnpLinkTest {
  private static final long SEED = 20260312;
  private static final String HOST = "127.0.0.1";

  private final SimulatedTee routerTee;
  private final SimulatedTee workerTee;
  private final SimulatedTee tdxWorkerTee;
  private final Policy policy;
  private final Vertx vertx = Vertx.vertx();
  private final ConcurrentLinkedQueue<Refusal> refusals = new ConcurrentLinkedQueue<>();

  SnpLinkTest(@TempDir Path dir) throws IOException {
    routerTee = SimulatedTee.start(dir, Role.ROUTER, IMAGE, CLOCK, SimulatedTee.Provider.SNP);
    workerTee = SimulatedTee.start(dir, Role.WORKER, IMAGE, CLOCK, SimulatedTee.Provider.SNP);
    tdxWorkerTee = SimulatedTee.start(dir, Role.WORKER, IMAGE, CLOCK);
    Map<Role, Set<String>> images = new EnumMap<>(Role.class);
    for (Role role : Role.values()) {
      images.put(role, IMAGE.imageHashes(role));
    }
    policy = SimulatedPolicy.of(SimulatedPolicy.rootsIn(dir, CLOCK), images);
  }

  @AfterAll
  void close() throws IOException {
    await(vertx.close());
    routerTee.close();
    workerTee.close();
    tdxWorkerTee.close();
  }

  private PeerVerifier expecting(Role peer, Policy accepted) {
    return new PeerVerifier(peer, new EvidenceVerifier(accepted), CLOCK, 16, refusals::add);
  }

  private static LinkIdentity identity(Role role, SimulatedTee tee) throws IOException {
    return LinkIdentity.create(role, new TsmReports(tee.reportsFolder()), CLOCK);
  }

  private static TeeEvidence.Snp evidenceOf(X509Certificate certificate) {
    return assertInstanceOf(
        TeeEvidence.Snp.class,
        assertInstanceOf(LinkCertificate.Sound.class, LinkCertificate.read(certificate, NOW))
            .evidence());
  }

  private static void assertRefused(
      String reason, PeerVerifier verifier, X509Certificate certificate) {
    PeerVerdict.Refused refused =
        assertInstanceOf(PeerVerdict.Refused.class, verifier.check(certificate));
    assertEquals(reason, refused.reason(), refused.detail());
  }

  @Test
  void aRouterUnderSnpServesWorkersUnderSnpAndTdx() throws IOException {
    refusals.clear();
    for (SimulatedTee tee : List.of(workerTee, tdxWorkerTee)) {
      assertEquals(204, connect(identity(Role.WORKER, tee), policy));
    }
    assertEquals(List.of(), List.copyOf(refusals));
  }

  @Test
  void aRefusedWorkerGetsNoConnectionAndTheRouterSaysWhy() throws IOException {
    refusals.clear();
    LinkIdentity worker = identity(Role.WORKER, workerTee);
    assertThrows(CompletionException.class, () -> connect(worker, policy.withSnp(Policy.Snp.NONE)));
    assertEquals(List.of("PRODUCT_NOT_ALLOWED"), refusals.stream().map(Refusal::reason).toList());
  }

  private int connect(LinkIdentity worker, Policy routersPolicy) throws IOException {
    HttpServer server =
        vertx
            .createHttpServer(
                AttestedTls.serverOptions(
                    identity(Role.ROUTER, routerTee), expecting(Role.WORKER, routersPolicy)))
            .requestHandler(request -> request.response().setStatusCode(204).end());
    await(server.listen(0, HOST));
    HttpClient client =
        vertx.createHttpClient(AttestedTls.clientOptions(worker, expecting(Role.ROUTER, policy)));
    try {
      return await(
          client
              .request(HttpMethod.GET, server.actualPort(), HOST, "/")
              .compose(request -> request.send())
              .map(HttpClientResponse::statusCode));
    } finally {
      await(client.close());
      await(server.close());
    }
  }

  @Test
  void theVerdictSaysWhatRunsThere() throws IOException {
    LinkIdentity worker = identity(Role.WORKER, workerTee);
    Verdict.Trusted trusted =
        expecting(Role.WORKER, policy).verdictOf(worker.certificate()).orElseThrow();
    SnpRegisters registers = assertInstanceOf(SnpRegisters.class, trusted.registers());
    assertEquals(IMAGE.mrTd(), registers.measurement());
    assertTrue(IMAGE.imageHashes(Role.WORKER).contains(trusted.imageHash()));
    assertFalse(trusted.imageHash().equals(IMAGE.imageHash(Role.WORKER)));
    assertTrue(trusted.simulated());
    PlatformTcb.Versions versions = assertInstanceOf(PlatformTcb.Versions.class, trusted.tcb());
    assertEquals(policy.snp().minimumTcb().get("Genoa"), versions.parts());
    assertInstanceOf(PeerVerdict.Accepted.class, worker.verdict(new EvidenceVerifier(policy)));
  }

  @Test
  void productionPolicyNeverAcceptsSimulation() throws IOException {
    Policy production =
        TestNetwork.productionPolicy().withSnp(policy.snp()).withImages(policy.images());
    assertRefused(
        "SIMULATED_NOT_ALLOWED",
        expecting(Role.WORKER, production),
        identity(Role.WORKER, workerTee).certificate());
  }

  @Test
  void whatThePolicyDoesNotAllowIsRefusedByItsReason() throws IOException {
    X509Certificate worker = identity(Role.WORKER, workerTee).certificate();
    assertRefused("IMAGE_NOT_ALLOWED", expecting(Role.WORKER, policy.withImages(Map.of())), worker);
    TreeMap<String, Integer> newer = new TreeMap<>(policy.snp().minimumTcb().get("Genoa"));
    newer.merge("microcode", 1, Integer::sum);
    Policy.Snp snp = new Policy.Snp(new TreeMap<>(Map.of("Genoa", newer)));
    assertRefused("TCB_TOO_OLD", expecting(Role.WORKER, policy.withSnp(snp)), worker);
    X509Certificate liar =
        LinkIdentity.create(Role.ROUTER, new TsmReports(workerTee.reportsFolder()), CLOCK)
            .certificate();
    assertRefused("IMAGE_NOT_ALLOWED", expecting(Role.ROUTER, policy), liar);
  }

  @Test
  void evidenceOfAnotherNodeIsRefused() throws IOException {
    TeeEvidence.Snp stolen = evidenceOf(identity(Role.WORKER, workerTee).certificate());
    assertRefused(
        "REPORT_DATA",
        expecting(Role.WORKER, policy),
        LinkCertificate.issue(P256.newKeyPair(), new Claims(Role.WORKER, NOW), stolen));
  }

  @Test
  void noChangedByteOfReportOrTableIsAccepted() throws IOException {
    KeyPair key = P256.newKeyPair();
    Claims claims = new Claims(Role.WORKER, NOW);
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    TeeEvidence.Snp good =
        assertInstanceOf(
            TeeEvidence.Snp.class, new TsmReports(workerTee.reportsFolder()).evidence(reportData));
    PeerVerifier verifier = expecting(Role.WORKER, policy);
    assertTrue(verifier.verdictOf(LinkCertificate.issue(key, claims, good)).isPresent());
    Random random = new Random(SEED);
    for (int attempt = 0; attempt < 150; attempt++) {
      byte[] report = good.report().clone();
      byte[] table = good.certificates().clone();
      boolean inTable = attempt % 3 == 0;
      byte[] target = inTable ? table : report;
      int offset = random.nextInt(target.length);
      target[offset] ^= (byte) (1 << random.nextInt(8));
      PeerVerdict verdict =
          verifier.check(LinkCertificate.issue(key, claims, new TeeEvidence.Snp(report, table)));
      assertInstanceOf(
          PeerVerdict.Refused.class,
          verdict,
          (inTable ? "table " : "report ") + offset + ", seed " + SEED);
    }
    byte[] changed = good.report().clone();
    changed[0x90] ^= 1;
    assertRefused(
        "REPORT_SIGNATURE",
        verifier,
        LinkCertificate.issue(key, claims, new TeeEvidence.Snp(changed, good.certificates())));
  }

  @Test
  void aTableHasOneForm() throws IOException {
    KeyPair key = P256.newKeyPair();
    Claims claims = new Claims(Role.WORKER, NOW);
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    TeeEvidence.Snp good =
        assertInstanceOf(
            TeeEvidence.Snp.class, new TsmReports(workerTee.reportsFolder()).evidence(reportData));
    PeerVerifier verifier = expecting(Role.WORKER, policy);
    byte[] padded = Arrays.copyOf(good.certificates(), good.certificates().length + 1);
    assertRefused(
        "SNP_EXTENSION",
        verifier,
        LinkCertificate.issue(key, claims, new TeeEvidence.Snp(good.report(), padded)));
    assertRefused(
        "MALFORMED_CERTIFICATES",
        verifier,
        LinkCertificate.issue(key, claims, new TeeEvidence.Snp(good.report(), new byte[5])));
  }

  @Test
  void whoWantsATdxQuoteIsToldThatThereIsNone() {
    TsmException refused =
        assertThrows(
            TsmException.class,
            () -> new TsmReports(workerTee.reportsFolder()).tdxQuote(new byte[64]));
    assertEquals(TsmException.Failure.NO_TEE, refused.failure());
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
