package org.cocoon.link.evidence.simulated;

import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** What a policy must list for simulated TEEs to be accepted. */
public final class SimulatedPolicy {
  private SimulatedPolicy() {}

  /**
   * Allows these images on simulated TEEs under these roots, and nothing else; without collateral,
   * since nobody publishes any for them. {@link SimulatedCollateral} makes some.
   */
  public static Policy of(Set<String> simulatedRoots, Map<Role, Set<String>> images) {
    return Policy.NOTHING
        .withRoots(Set.of(), simulatedRoots)
        .withCollateralRequired(false)
        .withDomains(ImageMeasurement.DOMAINS)
        .withImages(images);
  }
}
