package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuBundle;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.gpu.GpuReport;
import org.cocoon.link.evidence.gpu.GpuVerdict;
import org.cocoon.link.evidence.gpu.GpuVerdict.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GPU evidence under a test root: what is accepted, and every refusal with its own reason. */
final class SimulatedGpuTest {
  private static final long SEED = 20260301;
  private static final byte[] KEY = "the DER of a node's key".getBytes(UTF_8);
  private static final byte[] VBIOS = {0, 0, 0, (byte) 0x96, 1, 0, 0, 0};

  @TempDir Path dir = Path.of("");
  @TempDir Path otherDir = Path.of("");
  private final List<SimulatedGpu> gpus = new ArrayList<>();
  private GpuPolicy policy = policy(Set.of());

  @BeforeEach
  void makeGpus() throws IOException {
    SimulatedGpuRoot root = SimulatedGpuRoot.in(dir, CLOCK);
    policy = policy(Set.of(root.hash()));
    gpus.add(new SimulatedGpu(root, NOW));
    gpus.add(new SimulatedGpu(root, NOW));
  }

  @Test
  void acceptsAllGpusOfTheNodeThatAskedThem() {
    GpuBundle bundle = bundle(gpu().evidence(nonce()), gpus.getLast().evidence(nonce()));
    GpuVerdict.Trusted trusted =
        assertInstanceOf(GpuVerdict.Trusted.class, verify(bundle.toDer(), policy));
    assertEquals(2, trusted.gpus().size());
    assertTrue(trusted.simulated());
    assertFalse(trusted.measurementsCompared());
    assertEquals(SimulatedGpu.CHIP, trusted.gpus().getFirst().chip());
    assertEquals(SimulatedGpu.VBIOS_VERSION, trusted.gpus().getFirst().report().vbiosVersion());
  }

  @Test
  void digestNamesTheBundleAsItTravels() throws IOException {
    GpuBundle bundle = bundle(gpu().evidence(nonce()));
    GpuBundle read = GpuBundle.parse(bundle.toDer());
    assertArrayEquals(bundle.toDer(), read.toDer());
    assertArrayEquals(bundle.digest(), read.digest());
    assertFalse(Arrays.equals(bundle.digest(), bundle(gpus.getLast().evidence(nonce())).digest()));
  }

  @Test
  void refusesEvidenceOfAnotherNode() {
    byte[] stolen = bundle(gpu().evidence(GpuBinding.nonce("another".getBytes(UTF_8)))).toDer();
    assertRefused(Reason.NONCE, verify(stolen, policy));
  }

  @Test
  void productionPolicyNeverAcceptsSimulation() throws IOException {
    byte[] good = bundle(gpu().evidence(nonce())).toDer();
    assertRefused(Reason.SIMULATED_NOT_ALLOWED, verify(good, policy(Set.of())));
    String other = SimulatedGpuRoot.in(otherDir, CLOCK).hash();
    assertRefused(Reason.SIMULATED_NOT_ALLOWED, verify(good, policy(Set.of(other))));
    assertThrows(
        IllegalArgumentException.class, () -> policy(Set.of(GpuPolicy.NVIDIA_DEVICE_ROOT)));
  }

  @Test
  void refusesOneDeviceCountedTwice() {
    GpuBundle.Evidence evidence = gpu().evidence(nonce());
    assertRefused(
        Reason.DOUBLED_DEVICE, verify(bundle(evidence, gpu().evidence(nonce())).toDer(), policy));
  }

  @Test
  void refusesFirmwareThatIsNotTheKeys() {
    byte[] other = SimulatedGpu.firmwareHash();
    other[0] ^= 1;
    assertRefused(
        Reason.FIRMWARE_DIFFERS,
        report(SimulatedGpu.unsigned(nonce(), SimulatedGpu.DRIVER_VERSION, VBIOS, other)));
  }

  @Test
  void refusesVersionsThatThePolicyDoesNotName() {
    byte[] firmware = SimulatedGpu.firmwareHash();
    assertRefused(
        Reason.DRIVER_NOT_ALLOWED, report(SimulatedGpu.unsigned(nonce(), "1.0", VBIOS, firmware)));
    assertRefused(
        Reason.VBIOS_NOT_ALLOWED,
        report(SimulatedGpu.unsigned(nonce(), SimulatedGpu.DRIVER_VERSION, new byte[8], firmware)));
    assertRefused(
        Reason.MALFORMED_REPORT, report(SimulatedGpu.unsigned(nonce(), "a b", VBIOS, firmware)));
    assertRefused(
        Reason.MALFORMED_REPORT,
        report(SimulatedGpu.unsigned(nonce(), "1", new byte[7], firmware)));
  }

  @Test
  void refusesChainsThatAreReorderedShortOrOfAnotherDevice() {
    GpuBundle.Evidence good = gpu().evidence(nonce());
    List<byte[]> chain = good.chain();
    List<byte[]> swapped = new ArrayList<>(chain);
    Collections.swap(swapped, 0, 1);
    assertRefused(Reason.BROKEN_CHAIN, withChain(good, swapped));
    assertRefused(
        Reason.BROKEN_CHAIN, withChain(good, List.of(chain.get(0), chain.get(0), chain.get(2))));
    assertRefused(
        Reason.BROKEN_CHAIN,
        withChain(
            good,
            List.of(chain.get(0), gpus.getLast().evidence(nonce()).chain().get(1), chain.get(2))));
    assertRefused(Reason.MALFORMED_CHAIN, withChain(good, chain.subList(1, 3)));
    assertRefused(Reason.MALFORMED_CHAIN, withChain(good, Collections.nCopies(9, chain.get(2))));
    assertRefused(
        Reason.REPORT_SIGNATURE, withChain(good, gpus.getLast().evidence(nonce()).chain()));
    GpuVerdict late =
        new GpuBinding(policy).verify(bundle(good).toDer(), KEY, NOW.plus(Duration.ofDays(366)));
    assertRefused(Reason.CHAIN_NOT_VALID_NOW, late);
  }

  @Test
  void refusesBundlesOfAnotherForm() {
    byte[] good = bundle(gpu().evidence(nonce())).toDer();
    assertRefused(Reason.MALFORMED_BUNDLE, verify(Arrays.copyOf(good, good.length - 1), policy));
    assertRefused(Reason.MALFORMED_BUNDLE, verify(Arrays.copyOf(good, good.length + 1), policy));
    assertRefused(Reason.MALFORMED_BUNDLE, verify(Der.sequence(), policy));
    assertRefused(Reason.MALFORMED_BUNDLE, verify(new byte[GpuBundle.MAX_BYTES + 1], policy));
    byte[][] many = Collections.nCopies(17, Der.sequence()).toArray(byte[][]::new);
    assertRefused(Reason.MALFORMED_BUNDLE, verify(Der.sequence(many), policy));
  }

  @Test
  void everyTruncationIsMalformedAndNoChangedByteIsBelieved() {
    GpuBundle.Evidence good = gpu().evidence(nonce());
    byte[] report = good.report();
    assertInstanceOf(GpuReport.Parsed.class, GpuReport.parse(report));
    for (int length = 0; length < report.length; length++) {
      assertInstanceOf(GpuReport.Malformed.class, GpuReport.parse(Arrays.copyOf(report, length)));
    }
    assertInstanceOf(
        GpuReport.Malformed.class, GpuReport.parse(Arrays.copyOf(report, report.length + 1)));
    Random random = new Random(SEED);
    for (int at = 0; at < report.length; at += 1 + random.nextInt(60)) {
      byte[] changed = report.clone();
      changed[at] ^= (byte) (1 + random.nextInt(255));
      assertInstanceOf(
          GpuVerdict.Rejected.class,
          verify(bundle(new GpuBundle.Evidence(changed, good.chain())).toDer(), policy),
          "offset " + at + ", seed " + SEED);
    }
  }

  private SimulatedGpu gpu() {
    return gpus.getFirst();
  }

  private GpuVerdict report(byte[] unsigned) {
    GpuBundle.Evidence good = gpu().evidence(nonce());
    return verify(
        bundle(new GpuBundle.Evidence(gpu().sign(unsigned), good.chain())).toDer(), policy);
  }

  private GpuVerdict withChain(GpuBundle.Evidence evidence, List<byte[]> chain) {
    return verify(bundle(new GpuBundle.Evidence(evidence.report(), chain)).toDer(), policy);
  }

  private static GpuVerdict verify(byte[] bundle, GpuPolicy policy) {
    return new GpuBinding(policy).verify(bundle, KEY, NOW);
  }

  private static byte[] nonce() {
    return GpuBinding.nonce(KEY);
  }

  private static GpuBundle bundle(GpuBundle.Evidence... evidence) {
    return new GpuBundle(List.of(evidence));
  }

  static GpuPolicy policy(Set<String> roots) {
    return new GpuPolicy(
        roots,
        Set.of(SimulatedGpu.CHIP),
        Set.of(SimulatedGpu.DRIVER_VERSION),
        Set.of(SimulatedGpu.VBIOS_VERSION));
  }

  private static void assertRefused(Reason reason, GpuVerdict verdict) {
    GpuVerdict.Rejected rejected = assertInstanceOf(GpuVerdict.Rejected.class, verdict);
    assertEquals(reason, rejected.reason(), rejected.detail());
  }
}
