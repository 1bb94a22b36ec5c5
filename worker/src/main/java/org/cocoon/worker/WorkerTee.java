package org.cocoon.worker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.gpu.GpuReports;
import org.cocoon.link.evidence.simulated.SimulatedGpuFolder;
import org.cocoon.link.node.NodeTee;
import org.cocoon.link.tls.LinkIdentity;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The TEE that the worker runs in and its GPUs, real or simulated: where its evidence is from. */
final class WorkerTee implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WorkerTee.class);

  private final NodeTee tee;
  private final LinkIdentity.Gpus gpus;
  private final @Nullable SimulatedGpuFolder simulatedGpu;

  private WorkerTee(
      NodeTee tee, LinkIdentity.Gpus gpus, @Nullable SimulatedGpuFolder simulatedGpu) {
    this.tee = tee;
    this.gpus = gpus;
    this.simulatedGpu = simulatedGpu;
  }

  /**
   * Finds TEE and GPUs, or starts simulated ones; blocks.
   *
   * @throws IOException if a simulated one cannot be started
   */
  static WorkerTee open(WorkerOptions options) throws IOException {
    NodeTee tee = NodeTee.open(options.evidence(), Role.WORKER);
    Path folder = options.evidence().simulatedTee();
    if (folder == null || !options.simulatedGpu()) {
      return new WorkerTee(tee, gpus(options), null);
    }
    try {
      SimulatedGpuFolder gpu = SimulatedGpuFolder.start(folder, InstantSource.system());
      log.warn("event=simulated what=gpu meaning=\"GPU evidence is signed by a test root\"");
      return new WorkerTee(tee, new GpuReports(gpu.folder())::evidence, gpu);
    } catch (IOException e) {
      tee.close();
      throw e;
    }
  }

  private static LinkIdentity.Gpus gpus(WorkerOptions options) {
    Path folder = options.gpuEvidence();
    return folder == null ? nonce -> Optional.empty() : new GpuReports(folder)::evidence;
  }

  /** Where the TEE's evidence comes from. */
  TsmReports reports() {
    return tee.reports();
  }

  /** Where the evidence of GPUs comes from. */
  LinkIdentity.Gpus gpus() {
    return gpus;
  }

  /** Whether the TEE is a simulated one. */
  boolean isSimulated() {
    return tee.isSimulated();
  }

  /** Ends what is simulated. */
  @Override
  public void close() throws IOException {
    try {
      if (simulatedGpu != null) {
        simulatedGpu.close();
      }
    } finally {
      tee.close();
    }
  }
}
