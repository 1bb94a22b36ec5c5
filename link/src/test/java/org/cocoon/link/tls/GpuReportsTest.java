package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.gpu.GpuReports;
import org.cocoon.link.evidence.simulated.SimulatedGpu;
import org.cocoon.link.evidence.simulated.SimulatedGpuFolder;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GPU evidence from a folder, as a worker asks for it. */
final class GpuReportsTest {
  @TempDir Path dir = Path.of("");

  @Test
  void aNodeProvesTheGpuThatAFolderServes() throws IOException {
    try (AttestedNodes nodes = new AttestedNodes(dir);
        SimulatedGpuFolder gpu = SimulatedGpuFolder.start(dir, CLOCK)) {
      LinkIdentity worker =
          LinkIdentity.create(
              Role.WORKER, nodes.tee(Role.WORKER), new GpuReports(gpu.folder())::evidence, CLOCK);
      Policy policy =
          nodes
              .policy()
              .withRoots(Set.of(), SimulatedPolicy.rootsIn(dir, CLOCK))
              .withGpu(Map.of(Role.WORKER, GpuRule.REQUIRED), SimulatedGpu.ACCEPTED);
      PeerVerdict own = worker.verdict(new EvidenceVerifier(policy));
      assertInstanceOf(PeerVerdict.Accepted.class, own, own.toString());
      PeerVerdict strict = nodes.identity(Role.WORKER).verdict(new EvidenceVerifier(policy));
      assertEquals("GPU_MISSING", assertInstanceOf(PeerVerdict.Refused.class, strict).reason());
      try (var left = Files.list(gpu.folder().resolve("0"))) {
        assertEquals(0, left.count(), "a request leaves nothing behind");
      }
    }
  }

  @Test
  void saysWhyThereIsNoEvidence() throws IOException {
    byte[] nonce = new byte[32];
    assertEquals(Optional.empty(), new GpuReports(dir).evidence(nonce), "no GPU in it");
    assertEquals(
        TsmException.Failure.NO_TEE,
        assertThrows(TsmException.class, () -> new GpuReports(dir.resolve("none")).evidence(nonce))
            .failure());
    Files.createDirectory(dir.resolve("0"));
    TsmException silent =
        assertThrows(
            TsmException.class, () -> new GpuReports(dir, Duration.ofMillis(20)).evidence(nonce));
    assertEquals(TsmException.Failure.TIMEOUT, silent.failure());
    assertTrue(String.valueOf(silent.getMessage()).contains("report"), silent.getMessage());
  }
}
