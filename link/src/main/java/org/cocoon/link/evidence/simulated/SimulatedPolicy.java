package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** What a policy must list for simulated TEEs to be accepted. */
public final class SimulatedPolicy {
  private SimulatedPolicy() {}

  /**
   * Allows these images on simulated TEEs under these roots, of TDX and SEV-SNP alike, and that
   * workers bring simulated GPUs under them; nothing else. It asks for no collateral, since nobody
   * publishes any for them. {@link SimulatedCollateral} makes some.
   */
  public static Policy of(Set<String> simulatedRoots, Map<Role, Set<String>> images) {
    return Policy.NOTHING
        .withRoots(Set.of(), simulatedRoots)
        .withCollateralRequired(false)
        .withDomains(ImageMeasurement.DOMAINS)
        .withSnp(SimulatedSnpPlatform.MINIMUM)
        .withGpu(Map.of(Role.WORKER, GpuRule.OPTIONAL), SimulatedGpu.ACCEPTED)
        .withImages(images);
  }

  /**
   * The test roots of a folder, which are made if they are missing: of TDX, SEV-SNP and GPUs.
   *
   * @throws IOException if the folder cannot be written, or holds something else
   */
  public static Set<String> rootsIn(Path dir, InstantSource clock) throws IOException {
    return Set.of(
        SimulatedRoot.in(dir, clock).hash(),
        SimulatedSnpRoot.in(dir, clock).hash(),
        SimulatedGpuRoot.in(dir, clock).hash());
  }
}
