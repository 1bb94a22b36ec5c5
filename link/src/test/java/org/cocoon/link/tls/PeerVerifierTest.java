package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.simulated.QuoteParts;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PeerVerifierTest {
  private static final long SEED = 20260303;

  private final AttestedNodes nodes;

  PeerVerifierTest(@TempDir Path dir) {
    nodes = new AttestedNodes(dir);
  }

  @BeforeEach
  void forget() {
    nodes.refusals.clear();
  }

  @AfterAll
  void close() throws IOException {
    nodes.close();
  }

  @Test
  void acceptsTheRoleThatBelongsThere() throws IOException, CertificateException {
    LinkIdentity worker = nodes.identity(Role.WORKER);
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4);
    check(verifier, worker.certificate());
    Verdict.Trusted verdict = verifier.verdictOf(worker.certificate()).orElseThrow();
    assertEquals(TestNetwork.IMAGE.imageHash(Role.WORKER), verdict.imageHash());
    assertInstanceOf(Verdict.Trusted.class, worker.verdict(new EvidenceVerifier(nodes.policy())));
    assertEquals(worker.fingerprint().substring(0, 16), worker.id());
    assertEquals(List.of(), List.copyOf(nodes.refusals));
  }

  @Test
  void refusesAWorkerWhereARouterBelongs() throws IOException {
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    assertRefused("WRONG_ROLE", nodes.expecting(Role.ROUTER, 0), worker);
  }

  @Test
  void refusesAWorkerThatSaysItIsARouter() throws IOException {
    // The claims are its own, and so is the signature over them; its measurement gives it away.
    X509Certificate liar =
        LinkIdentity.create(Role.ROUTER, nodes.tee(Role.WORKER), TestNetwork.CLOCK).certificate();
    assertRefused("IMAGE_NOT_ALLOWED", nodes.expecting(Role.ROUTER, 0), liar);
  }

  @Test
  void refusesAQuoteStolenIntoAnotherCertificate() throws IOException {
    byte[] stolen = quoteOf(nodes.identity(Role.WORKER).certificate());
    X509Certificate thief =
        LinkCertificate.issue(P256.newKeyPair(), new Claims(Role.WORKER, NOW), stolen);
    assertRefused("REPORT_DATA", nodes.expecting(Role.WORKER, 0), thief);
  }

  @Test
  void refusesAnythingBesideTheCertificate() throws IOException {
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 0);
    X509Certificate[] two = {worker, worker};
    assertThrows(CertificateException.class, () -> verifier.checkClientTrusted(two, "EC"));
    assertEquals("NOT_ALONE", nodes.refusals.element().reason());
  }

  @Test
  void refusesAQuoteChangedAnywhereUnderAGoodCertificate() throws IOException {
    KeyPair key = P256.newKeyPair();
    Claims claims = new Claims(Role.WORKER, NOW);
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    byte[] quote = nodes.tee(Role.WORKER).tdxQuote(reportData);
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 16);
    assertTrue(verifier.verdictOf(LinkCertificate.issue(key, claims, quote)).isPresent());
    List<Integer> accepted =
        IntStream.range(0, QuoteParts.SIGNED_BYTES)
            .parallel()
            .filter(
                offset -> {
                  byte[] changed = quote.clone();
                  changed[offset] ^= (byte) (1 + new Random(SEED + offset).nextInt(255));
                  X509Certificate certificate = LinkCertificate.issue(key, claims, changed);
                  return verifier.verdictOf(certificate).isPresent();
                })
            .boxed()
            .toList();
    assertEquals(List.of(), accepted, "offsets, seed " + SEED);
  }

  @Test
  void keepsItsIdentityWhileTheTeeFails(@TempDir Path dir) throws IOException {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    ConcurrentLinkedQueue<TsmException> failures = new ConcurrentLinkedQueue<>();
    RenewingIdentity renewing;
    try (AttestedNodes gone = new AttestedNodes(dir)) {
      renewing = new RenewingIdentity(Role.WORKER, gone.tee(Role.WORKER), now::get, failures::add);
    }
    LinkIdentity first = renewing.get();
    now.set(NOW.plus(Duration.ofHours(13)));
    assertEquals(first, renewing.get());
    assertEquals(first, renewing.get());
    assertEquals(1, failures.size(), "no second try within a minute");
    now.set(NOW.plus(Duration.ofHours(14)));
    assertEquals(first, renewing.get());
    assertEquals(TsmException.Failure.NO_TEE, failures.element().failure());
    assertEquals(2, failures.size());
  }

  @Test
  void remembersVerdictsUntilTheyEnd() throws IOException, CertificateException {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 2, now::get);
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    for (int i = 0; i < 5; i++) {
      check(verifier, worker);
    }
    assertEquals(5, verifier.handshakes());
    assertEquals(1, verifier.verifications());

    now.set(NOW.plus(Duration.ofDays(2)));
    assertRefused("NOT_VALID_NOW", verifier, worker);
  }

  @Test
  void aKnownCertificateHoldsOnlyWhileItIsValid() throws IOException, CertificateException {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 2, now::get);
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    check(verifier, worker);
    now.set(worker.getNotAfter().toInstant());
    check(verifier, worker);
    now.set(worker.getNotBefore().toInstant().minusSeconds(1));
    assertRefused("NOT_VALID_NOW", verifier, worker);
    nodes.refusals.clear();
    now.set(worker.getNotAfter().toInstant().plusSeconds(1));
    assertRefused("NOT_VALID_NOW", verifier, worker);
    assertEquals(1, verifier.verifications());
  }

  @Test
  void aKnownCertificateIsKnownByItsBytes() throws Exception {
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 2);
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    check(verifier, worker);
    byte[] changed = worker.getEncoded();
    changed[changed.length - 1] ^= 1;
    assertInstanceOf(PeerVerdict.Refused.class, verifier.check(new RawCertificate(changed)));
    assertInstanceOf(PeerVerdict.Accepted.class, verifier.check(worker));
  }

  @Test
  void keepsNoMoreVerdictsThanItMay() throws IOException, CertificateException {
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 2);
    List<X509Certificate> workers =
        List.of(
            nodes.identity(Role.WORKER).certificate(),
            nodes.identity(Role.WORKER).certificate(),
            nodes.identity(Role.WORKER).certificate());
    for (X509Certificate worker : workers) {
      check(verifier, worker);
    }
    check(verifier, workers.getLast());
    assertEquals(3, verifier.verifications(), "the latest is remembered");
    check(verifier, workers.getFirst());
    assertEquals(4, verifier.verifications(), "the eldest is forgotten");
  }

  @Test
  void anotherPolicyAppliesAtOnceToKnownPeersToo() throws IOException, CertificateException {
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4);
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    check(verifier, worker);
    verifier.use(new EvidenceVerifier(TestNetwork.productionPolicy()));
    assertTrue(verifier.verdictOf(worker).isEmpty());
    assertRefused("SIMULATED_NOT_ALLOWED", verifier, worker);
  }

  @Test
  void identityIsRenewedAfterHalfADay() throws IOException {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    ConcurrentLinkedQueue<TsmException> failures = new ConcurrentLinkedQueue<>();
    RenewingIdentity renewing =
        new RenewingIdentity(Role.WORKER, nodes.tee(Role.WORKER), now::get, failures::add);
    IdentityKeyManager keys = new IdentityKeyManager(renewing);
    String first = String.valueOf(keys.chooseEngineServerAlias("EC", null, null));
    now.set(NOW.plus(Duration.ofHours(11)));
    assertEquals(first, keys.chooseEngineServerAlias("EC", null, null));

    now.set(NOW.plus(Duration.ofHours(13)));
    String second = String.valueOf(keys.chooseEngineServerAlias("EC", null, null));
    assertNotEquals(first, second);
    assertEquals(second, renewing.get().fingerprint());
    byte[] firstKey = keys.getCertificateChain(first)[0].getPublicKey().getEncoded();
    assertEquals(first, Digests.sha256Hex(firstKey), "a handshake under way keeps its identity");
    assertTrue(
        nodes
            .expecting(Role.WORKER, 0, now::get)
            .verdictOf(renewing.get().certificate())
            .isPresent());
    assertTrue(failures.isEmpty());
  }

  @Test
  void aRememberedVerdictDoesNotOutliveTheCollateral() throws IOException, CertificateException {
    AtomicReference<Instant> now = new AtomicReference<>(NOW);
    Instant collateralEnds = NOW.plus(Duration.ofHours(2));
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4, now::get);
    Collateral collateral = nodes.network().collateral(collateralEnds).make();
    verifier.use(new EvidenceVerifier(nodes.policy(), new SettableCollateral(collateral)));
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    check(verifier, worker);
    now.set(collateralEnds);
    check(verifier, worker);
    assertEquals(1, verifier.verifications(), "until its very end");
    now.set(collateralEnds.plusNanos(1));
    assertRefused("CRL_EXPIRED", verifier, worker);
    assertEquals(2, verifier.verifications());
  }

  @Test
  void aRememberedVerdictDoesNotOutliveOtherCollateralUnderTheSamePolicy()
      throws IOException, CertificateException {
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4);
    SettableCollateral collateral = new SettableCollateral(nodes.network().collateral().make());
    verifier.use(new EvidenceVerifier(nodes.policy(), collateral));
    X509Certificate worker = nodes.identity(Role.WORKER).certificate();
    check(verifier, worker);
    collateral.set(nodes.network().collateral().platformStatus(TcbStatus.REVOKED).make());
    assertRefused("TCB_REVOKED", verifier, worker);
  }

  @Test
  void aRememberedVerdictCountsForNoOtherKeyAndNoOtherClaims() throws IOException {
    KeyPair key = P256.newKeyPair();
    Claims claims = new Claims(Role.WORKER, NOW);
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    byte[] quote = nodes.tee(Role.WORKER).tdxQuote(reportData);
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4);
    assertTrue(verifier.verdictOf(LinkCertificate.issue(key, claims, quote)).isPresent());
    assertRefused("REPORT_DATA", verifier, LinkCertificate.issue(P256.newKeyPair(), claims, quote));
    nodes.refusals.clear();
    Claims younger = new Claims(Role.WORKER, NOW.plusSeconds(1));
    assertRefused("REPORT_DATA", verifier, LinkCertificate.issue(key, younger, quote));
  }

  @Test
  void trailingBytesMakeNeitherVariantsNorEntries() throws IOException {
    KeyPair key = P256.newKeyPair();
    Claims claims = new Claims(Role.WORKER, NOW);
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    byte[] padded = nodes.tee(Role.WORKER).tdxQuote(reportData);
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(padded));
    byte[] quote = Arrays.copyOf(padded, parsed.length());
    PeerVerifier verifier = nodes.expecting(Role.WORKER, 4);
    for (int i = 0; i < 4; i++) {
      // Another certificate each time: ECDSA signatures are random.
      assertTrue(verifier.verdictOf(LinkCertificate.issue(key, claims, quote)).isPresent());
    }
    assertEquals(1, verifier.verifications(), "certificates around one quote share its verdict");
    for (int more = 1; more <= 70; more++) {
      byte[] variant = Arrays.copyOf(quote, quote.length + more);
      variant[variant.length - 1] = (byte) (more & 1);
      PeerVerdict.Refused refused =
          assertInstanceOf(
              PeerVerdict.Refused.class,
              verifier.check(LinkCertificate.issue(key, claims, variant)));
      assertEquals("QUOTE_EXTENSION", refused.reason());
    }
    assertEquals(1, verifier.verifications(), "none of them was even looked at");
  }

  private static void check(PeerVerifier verifier, X509Certificate certificate)
      throws CertificateException {
    verifier.checkClientTrusted(new X509Certificate[] {certificate}, "EC");
  }

  private void assertRefused(String reason, PeerVerifier verifier, X509Certificate certificate) {
    assertThrows(CertificateException.class, () -> check(verifier, certificate));
    assertEquals(
        List.of(reason), nodes.refusals.stream().map(Refusal::reason).toList(), "told once");
  }

  private static byte[] quoteOf(X509Certificate certificate) {
    return assertInstanceOf(LinkCertificate.Sound.class, LinkCertificate.read(certificate, NOW))
        .quote();
  }
}
