package org.cocoon.worker;

import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.cocoon.link.node.EvidenceOptions;
import org.cocoon.link.node.PolicySource;
import org.cocoon.worker.earnings.PayoutAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a worker is told at its start.
 *
 * @param routers to attach to; none: all that the registry lists
 * @param name for people
 * @param coefficient price multiplier, 1000 = 1.0
 * @param evidence where its own comes from, and whose it accepts
 * @param system what a conversation without a system message begins with; empty: as the model's own
 *     template does
 * @param keys where its key manager listens, or null: it opens no sealed prompts
 * @param renewAfter the longest time for which a link keeps its certificates, 1 s to 12 h
 * @param gpuEvidence folder that somebody serves with the evidence of this machine's GPUs, or null
 *     for none ({@link org.cocoon.link.evidence.gpu.GpuReports})
 * @param simulatedGpu whether a simulated GPU serves it, under the root of the simulated TEE
 * @param payout whom its earnings go to, or null: nobody is paid
 * @param earnings folder in which the routers' statements are kept, or null
 * @param state folder of its self-test's answers and of the socket for orders, or null: none
 * @param drain how long what runs of a model may take to end when it is given up
 */
public record WorkerOptions(
    List<SocketAddress> routers,
    String name,
    int coefficient,
    EvidenceOptions evidence,
    String system,
    @Nullable SocketAddress keys,
    Duration renewAfter,
    @Nullable Path gpuEvidence,
    boolean simulatedGpu,
    @Nullable PayoutAddress payout,
    @Nullable Path earnings,
    @Nullable Path state,
    Duration drain) {

  /** Checks the bounds. */
  public WorkerOptions {
    routers = List.copyOf(routers);
    if (routers.isEmpty() && evidence.policy() instanceof PolicySource.File) {
      throw new IllegalArgumentException(
          "--router HOST:PORT says what to attach to; only --registry says it otherwise");
    }
    if (coefficient < 1 || coefficient > 1_000_000) {
      throw new IllegalArgumentException("--coefficient is 1 to 1000000 (1000 = 1.0)");
    }
    if (earnings != null && payout == null) {
      throw new IllegalArgumentException("--earnings needs --payout ADDRESS");
    }
    if (simulatedGpu && (evidence.simulatedTee() == null || gpuEvidence != null)) {
      throw new IllegalArgumentException(
          "--simulated-gpu needs --simulated-tee, and no --gpu-evidence beside it");
    }
    if (renewAfter.compareTo(Duration.ofSeconds(1)) < 0
        || renewAfter.compareTo(Duration.ofHours(12)) > 0) {
      throw new IllegalArgumentException("--renew-after is PT1S to PT12H, not " + renewAfter);
    }
    if (!name.matches("[\\x21-\\x7e&&[^\"\\\\]]{1,64}")) {
      throw new IllegalArgumentException("--name is 1 to 64 printable characters without spaces");
    }
  }
}
