package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuBundle;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.simulated.SimulatedGpu;
import org.cocoon.link.evidence.simulated.SimulatedGpuRoot;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** GPU evidence in a link certificate, bound to the node by its quote. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GpuClaimsTest {
  private final AttestedNodes nodes;
  private final SimulatedGpu gpu;
  private final GpuPolicy gpus;

  GpuClaimsTest(@TempDir Path dir) throws IOException {
    nodes = new AttestedNodes(dir);
    SimulatedGpuRoot root = SimulatedGpuRoot.in(dir, CLOCK);
    gpu = new SimulatedGpu(root, NOW);
    gpus =
        new GpuPolicy(
            Set.of(root.hash()),
            Set.of(SimulatedGpu.CHIP),
            Set.of(SimulatedGpu.DRIVER_VERSION),
            Set.of(SimulatedGpu.VBIOS_VERSION));
  }

  @AfterAll
  void close() throws IOException {
    nodes.close();
  }

  private PeerVerifier verifier(GpuRule rule, GpuPolicy policy) {
    return new PeerVerifier(
        Role.WORKER,
        new EvidenceVerifier(nodes.policy().withGpu(Map.of(Role.WORKER, rule))),
        CLOCK,
        4,
        refusal -> {},
        policy);
  }

  private GpuBundle bundle(byte[] nonce) {
    return new GpuBundle(List.of(gpu.evidence(nonce)));
  }

  private X509Certificate withGpu() throws IOException {
    return LinkIdentity.create(
            Role.WORKER, nodes.tee(Role.WORKER), nonce -> Optional.of(bundle(nonce)), CLOCK)
        .certificate();
  }

  private static void assertRefused(
      String reason, PeerVerifier verifier, X509Certificate certificate) {
    PeerVerdict.Refused refused =
        assertInstanceOf(PeerVerdict.Refused.class, verifier.check(certificate));
    assertEquals(reason, refused.reason(), refused.detail());
  }

  @Test
  void theRuleOfTheRoleDecidesAboutGpus() throws IOException {
    X509Certificate with = withGpu();
    X509Certificate without = nodes.identity(Role.WORKER).certificate();
    assertTrue(verifier(GpuRule.REQUIRED, gpus).verdictOf(with).isPresent());
    assertTrue(verifier(GpuRule.OPTIONAL, gpus).verdictOf(with).isPresent());
    assertRefused("GPU_FORBIDDEN", verifier(GpuRule.FORBIDDEN, gpus), with);
    assertRefused("GPU_MISSING", verifier(GpuRule.REQUIRED, gpus), without);
    assertTrue(verifier(GpuRule.OPTIONAL, gpus).verdictOf(without).isPresent());
    assertTrue(verifier(GpuRule.FORBIDDEN, gpus).verdictOf(without).isPresent());
  }

  @Test
  void optionalGpusMustHoldTooAndNoListAllowsNone() throws IOException {
    GpuPolicy none = new GpuPolicy(Set.of(), Set.of(), Set.of(), Set.of());
    assertRefused("GPU_SIMULATED_NOT_ALLOWED", verifier(GpuRule.OPTIONAL, none), withGpu());
  }

  @Test
  void aBundleOfAnotherNodeIsRefused() throws IOException {
    KeyPair key = P256.newKeyPair();
    GpuBundle foreign = bundle(GpuBinding.nonce(P256.newKeyPair().getPublic().getEncoded()));
    X509Certificate certificate = certificate(key, foreign, foreign);
    assertRefused("GPU_NONCE", verifier(GpuRule.REQUIRED, gpus), certificate);
  }

  @Test
  void onlyTheBundleThatTheQuoteVouchesForCounts() throws IOException {
    KeyPair key = P256.newKeyPair();
    byte[] nonce = GpuBinding.nonce(key.getPublic().getEncoded());
    GpuBundle claimed = bundle(nonce);
    GpuBundle other = bundle(nonce);
    PeerVerifier verifier = verifier(GpuRule.REQUIRED, gpus);
    assertTrue(verifier.verdictOf(certificate(key, claimed, claimed)).isPresent());
    assertRefused("GPU_EXTENSION", verifier, certificate(key, claimed, other));
  }

  @Test
  void aBundleCannotBeLeftOutOrAddedOrDoubled() throws IOException {
    KeyPair key = P256.newKeyPair();
    GpuBundle bundle = bundle(GpuBinding.nonce(key.getPublic().getEncoded()));
    Claims claims = claims(bundle);
    byte[] quote = quote(key, claims);
    PeerVerifier verifier = verifier(GpuRule.OPTIONAL, gpus);
    assertRefused("GPU_EXTENSION", verifier, LinkCertificate.issue(key, claims, quote));
    Claims without = new Claims(Role.WORKER, NOW);
    assertRefused(
        "GPU_EXTENSION",
        verifier,
        LinkCertificate.issue(key, without, quote(key, without), Optional.of(bundle.toDer())));
  }

  @Test
  void claimsHaveOneEncoding() throws DerException {
    Claims with = claims(bundle(new byte[32]));
    Claims without = new Claims(Role.WORKER, NOW);
    assertEquals(with, Claims.parse(with.toDer()));
    assertEquals(without, Claims.parse(without.toDer()));
    byte[] millis = Der.integer(NOW.toEpochMilli());
    byte[] role = Der.text("worker");
    byte[] digest = Der.tagged(0, Der.octets(new byte[32]));
    assertArrayEquals(
        Der.sequence(Der.integer(1), role, millis), without.toDer(), "version 1 stays as it was");
    for (byte[] wrong :
        List.of(
            Der.sequence(),
            Der.sequence(Der.integer(3), role, millis),
            Der.sequence(Der.integer(1), role, millis, digest),
            Der.sequence(Der.integer(2), role, millis),
            Der.sequence(Der.integer(2), role, millis, digest, digest),
            Der.sequence(Der.integer(2), role, millis, Der.octets(new byte[32])),
            Der.sequence(Der.integer(2), role, millis, Der.tagged(1, Der.octets(new byte[32]))),
            Der.sequence(Der.integer(2), role, millis, Der.tagged(0, Der.octets(new byte[31]))))) {
      assertThrows(DerException.class, () -> Claims.parse(wrong), HexFormat.of().formatHex(wrong));
    }
  }

  private static Claims claims(GpuBundle bundle) {
    return new Claims(Role.WORKER, NOW, Optional.of(HexFormat.of().formatHex(bundle.digest())));
  }

  private byte[] quote(KeyPair key, Claims claims) throws IOException {
    return nodes
        .tee(Role.WORKER)
        .tdxQuote(LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer()));
  }

  private X509Certificate certificate(KeyPair key, GpuBundle claimed, GpuBundle carried)
      throws IOException {
    Claims claims = claims(claimed);
    return LinkCertificate.issue(key, claims, quote(key, claims), Optional.of(carried.toDer()));
  }
}
