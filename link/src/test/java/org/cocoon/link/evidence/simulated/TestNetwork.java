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

  /** Allows the image in every role. */
  public Policy policy() {
    return policy(Set.of(root.hash()));
  }

  public static Policy policy(Set<String> simulatedRoots) {
    return SimulatedPolicy.of(simulatedRoots, images());
  }

  /** Allows the image in every role, on hardware alone. */
  public static Policy productionPolicy() {
    return Policy.NOTHING
        .withRoots(Set.of(Policy.INTEL_SGX_ROOT), Set.of())
        .withCollateralRequired(false)
        .withDomains(ImageMeasurement.DOMAINS)
        .withImages(images());
  }

  /** Good collateral from yesterday, for thirty days. */
  public SimulatedCollateral collateral() {
    Instant from = NOW.minus(Duration.ofDays(1));
    return new SimulatedCollateral(root, from, from.plus(Duration.ofDays(30)));
  }

  /** Good collateral from yesterday until then. */
  public SimulatedCollateral collateral(Instant until) {
    return new SimulatedCollateral(root, NOW.minus(Duration.ofDays(1)), until);
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
        Role.WORKER, Set.of(IMAGE.imageHash(Role.WORKER)),
        Role.KEYS, Set.of(IMAGE.imageHash(Role.KEYS)));
  }
}
