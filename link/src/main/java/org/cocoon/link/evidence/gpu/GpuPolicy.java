package org.cocoon.link.evidence.gpu;

import java.util.Set;
import org.cocoon.link.evidence.HardwareRoots;

/**
 * Which GPUs a node accepts; an empty list allows nothing.
 *
 * <p>NVIDIA's golden measurements are not compared, so the versions are what pins a GPU's software.
 *
 * @param simulatedRoots SHA-256 of test roots; empty in production
 * @param chips for example "GH100"
 * @param driverVersions for example "590.12"
 * @param vbiosVersions for example "96.00.A5.00.01"
 */
public record GpuPolicy(
    Set<String> simulatedRoots,
    Set<String> chips,
    Set<String> driverVersions,
    Set<String> vbiosVersions) {

  /** SHA-256 of the DER of the "NVIDIA Device Identity CA". */
  public static final String NVIDIA_DEVICE_ROOT = HardwareRoots.NVIDIA_DEVICE;

  /** Checks that NVIDIA's root is not called simulated, and copies everything. */
  public GpuPolicy {
    simulatedRoots = Set.copyOf(simulatedRoots);
    chips = Set.copyOf(chips);
    driverVersions = Set.copyOf(driverVersions);
    vbiosVersions = Set.copyOf(vbiosVersions);
    if (simulatedRoots.contains(NVIDIA_DEVICE_ROOT)) {
      throw new IllegalArgumentException(
          "simulatedRoots names NVIDIA's root; a root can only be one of them");
    }
  }
}
