package org.cocoon.link.node;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.sealing.HardwareSealing;
import org.cocoon.link.sealing.SealingKeys;
import org.cocoon.link.sealing.SecretSealingKeys;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The TEE that a program runs in, real or simulated: its reports and its sealing keys. */
public final class NodeTee implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeTee.class);

  private final TsmReports reports;
  private final Sealing sealing;
  private final @Nullable SimulatedTee simulated;

  /** Gives the sealing keys. */
  @FunctionalInterface
  private interface Sealing {
    SealingKeys keys() throws IOException;
  }

  private NodeTee(TsmReports reports, Sealing sealing, @Nullable SimulatedTee simulated) {
    this.reports = reports;
    this.sealing = sealing;
    this.simulated = simulated;
  }

  /**
   * Finds the TEE, or starts a simulated one; blocks.
   *
   * @throws IOException if the simulated one cannot be started
   */
  public static NodeTee open(EvidenceOptions options, Role role) throws IOException {
    Path folder = options.simulatedTee();
    if (folder == null) {
      TsmReports reports = new TsmReports(options.tee());
      return new NodeTee(reports, () -> HardwareSealing.keysOf(reports.provider(), role), null);
    }
    ImageMeasurement image = ImageMeasurement.ofRunningProgram();
    SimulatedTee tee = SimulatedTee.start(folder, role, image, options.simulatedProvider());
    log.warn("event=simulated what=tee meaning=\"evidence is signed by a test root\"");
    return new NodeTee(
        new TsmReports(tee.reportsFolder()),
        () ->
            SecretSealingKeys.simulated(
                SimulatedRoot.in(folder, InstantSource.system()), image, role),
        tee);
  }

  /** Where evidence comes from. */
  public TsmReports reports() {
    return reports;
  }

  /**
   * What long-lived keys are sealed with; blocks for as long as the TEE takes.
   *
   * @throws org.cocoon.link.sealing.SealingUnavailableException a sentence, if the TEE has none
   */
  public SealingKeys sealingKeys() throws IOException {
    return sealing.keys();
  }

  /** Whether it is a simulated one. */
  public boolean isSimulated() {
    return simulated != null;
  }

  /** Ends a simulated TEE. */
  @Override
  public void close() throws IOException {
    if (simulated != null) {
      simulated.close();
    }
  }
}
