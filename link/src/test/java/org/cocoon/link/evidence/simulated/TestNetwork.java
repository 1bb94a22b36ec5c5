package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** One network under a test root, at a fixed time, with one image. */
public final class TestNetwork {
  public static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  public static final InstantSource CLOCK = InstantSource.fixed(NOW);
  public static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));

  private final SimulatedRoot root;

  public TestNetwork(Path dir) throws IOException {
    root = SimulatedRoot.in(dir, CLOCK);
  }

  /** Allows the image in both roles. */
  public Policy policy() {
    return policy(Set.of(root.hash()));
  }

  public static Policy policy(Set<String> simulatedRoots) {
    return new Policy(Set.of(), simulatedRoots, false, images());
  }

  /** Allows the image in both roles, on hardware alone. */
  public static Policy productionPolicy() {
    return new Policy(Set.of(Policy.INTEL_SGX_ROOT), Set.of(), false, images());
  }

  SimulatedPlatform platform() {
    return new SimulatedPlatform(root, NOW);
  }

  SimulatedPlatform platform(Instant from, Duration validity) {
    return new SimulatedPlatform(root, from, validity);
  }

  static Measurements measurements(byte[] reportData) {
    return IMAGE.measurements(Role.WORKER, reportData);
  }

  private static Map<Role, Set<String>> images() {
    return Map.of(
        Role.ROUTER, Set.of(IMAGE.imageHash(Role.ROUTER)),
        Role.WORKER, Set.of(IMAGE.imageHash(Role.WORKER)));
  }
}
