package org.cocoon.link.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.link.registry.ScriptedChain;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose policy is the registry's, from the chain's answer to the verdict on a peer. */
@Timeout(60)
final class RegistryTrustTest {
  private static final Duration INTERVAL = Duration.ofMillis(250);

  private final Path folder;
  private final TestNetwork network;
  private final SimulatedTee tee;
  private final X509Certificate worker;
  private final ScriptedChain chain = new ScriptedChain();
  private volatile Instant now = TestNetwork.NOW;

  RegistryTrustTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    this.network = new TestNetwork(folder.resolve("tee"));
    this.tee =
        SimulatedTee.start(
            folder.resolve("tee"), Role.WORKER, TestNetwork.IMAGE, TestNetwork.CLOCK);
    this.worker =
        LinkIdentity.create(Role.WORKER, new TsmReports(tee.reportsFolder()), TestNetwork.CLOCK)
            .certificate();
  }

  @AfterEach
  void stop() throws IOException {
    chain.close();
    tee.close();
  }

  private static String document(Policy policy) {
    return "{\"version\": 1, \"policy\": " + policy.toJson() + "}";
  }

  private static String image() {
    return TestNetwork.IMAGE.imageHash(Role.WORKER);
  }

  private NodeTrust open() throws IOException {
    RegistryOptions options =
        RegistryOptions.of(ScriptedChain.ADDRESS, List.of(chain.uri())).every(INTERVAL);
    return NodeTrust.open(
        new EvidenceOptions(
            new PolicySource.Registry(options),
            TsmReports.KERNEL_FOLDER,
            null,
            SimulatedTee.Provider.TDX,
            null),
        Optional.of(folder.resolve("data/collateral")),
        () -> now,
        why -> {});
  }

  private static void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < until, "waited in vain: " + what);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  private static String refusal(PeerVerifier verifier, X509Certificate certificate) {
    return verifier.check(certificate) instanceof PeerVerdict.Refused refused
        ? refused.reason()
        : "";
  }

  @Test
  void aRevokedImageIsRefusedAfterTheNextLookThoughTheDocumentIsTheSame() throws IOException {
    chain.has(1, document(network.policy()), List.of(), now.getEpochSecond());
    try (NodeTrust trust = open()) {
      PeerVerifier verifier = trust.expecting(Role.WORKER, 8);
      assertInstanceOf(PeerVerdict.Accepted.class, verifier.check(worker));
      long version = verifier.version();
      long revoked = System.nanoTime();
      chain.has(1, document(network.policy()), List.of(image()), now.getEpochSecond());
      await(
          "links are judged again",
          () -> {
            trust.poll();
            return verifier.version() != version;
          });
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - revoked);
      System.out.println(
          "judged again " + millis + " ms after the revocation, asking each " + INTERVAL);
      assertEquals("IMAGE_NOT_ALLOWED", refusal(verifier, worker));
    }
  }

  @Test
  void aNewDocumentIsJudgedByAndABrokenOneIsNot() throws IOException {
    chain.has(1, document(network.policy()), List.of(), now.getEpochSecond());
    try (NodeTrust trust = open()) {
      PeerVerifier verifier = trust.expecting(Role.WORKER, 8);
      String before = trust.policyDigest();
      chain.has(2, "{\"version\": 1}", List.of(), now.getEpochSecond());
      await(
          "the broken one is told",
          () -> trust.registry().orElseThrow().standing().problem().isPresent());
      trust.poll();
      assertEquals(before, trust.policyDigest());
      assertInstanceOf(PeerVerdict.Accepted.class, verifier.check(worker));
      chain.has(3, document(Policy.NOTHING), List.of(), now.getEpochSecond());
      await(
          "the next one is in force",
          () -> {
            trust.poll();
            return !trust.policyDigest().equals(before);
          });
      assertInstanceOf(PeerVerdict.Refused.class, verifier.check(worker));
    }
    try (var kept = Files.list(folder.resolve("data/registry"))) {
      assertEquals(1, kept.count(), "what was seen is remembered beside the collateral");
    }
  }

  @Test
  void withTheChainAwayForTooLongNobodyNewComesInAndWhoIsThereStays() throws Exception {
    chain.has(1, document(network.policy()), List.of(), now.getEpochSecond());
    try (NodeTrust trust = open()) {
      PeerVerifier verifier = trust.expecting(Role.WORKER, 8);
      X509Certificate[] presented = {worker};
      verifier.checkClientTrusted(presented, "UNKNOWN");
      chain.says(500, "");
      now = now.plus(RegistryOptions.DEFAULT_MAX_AGE).plusSeconds(1);
      trust.poll();
      CertificateException refused =
          assertThrows(
              CertificateException.class, () -> verifier.checkClientTrusted(presented, "UNKNOWN"));
      assertTrue(
          String.valueOf(refused.getMessage()).startsWith("REGISTRY_STALE: "), refused::getMessage);
      now = TestNetwork.NOW.plusSeconds(60);
      assertInstanceOf(PeerVerdict.Accepted.class, verifier.check(worker), "a link that is up");
      trust.poll();
      verifier.checkClientTrusted(presented, "UNKNOWN");
    }
  }
}
