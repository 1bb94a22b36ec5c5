package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuBundle;
import org.cocoon.link.evidence.gpu.GpuVerdict;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/** A bundle of GPU evidence: only what the GPU signed is ever believed. */
public final class GpuTarget implements FuzzTarget {
  private static final byte[] KEY = "the DER of a node's key".getBytes(UTF_8);
  private static final int SIGNATURE_BYTES = 96;

  private final GpuBinding binding;
  private final List<byte[]> seeds;
  private final byte[] signed;

  /** Makes a bundle under the workspace's root, or finds that of an earlier run. */
  public GpuTarget(FuzzWorkspace workspace) {
    try {
      SimulatedGpuRoot root = SimulatedGpuRoot.in(workspace.root(), CLOCK);
      binding = new GpuBinding(SimulatedGpuTest.policy(Set.of(root.hash())));
      seeds =
          workspace.seeds(
              "gpu",
              () ->
                  List.of(
                      new GpuBundle(
                              List.of(new SimulatedGpu(root, NOW).evidence(GpuBinding.nonce(KEY))))
                          .toDer()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    signed = signedBytes(seeds.getFirst());
    if (!(binding.verify(seeds.getFirst(), KEY, NOW) instanceof GpuVerdict.Trusted)) {
      throw new IllegalStateException("the seed is not believed");
    }
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  /** Six verifications on P-384, whose numbers are larger than those of P-256. */
  @Override
  public long fixedBytes() {
    return 4 << 20;
  }

  @Override
  public void take(byte[] input) {
    switch (binding.verify(input, KEY, NOW)) {
      case GpuVerdict.Trusted _ -> {
        if (!Arrays.equals(signedBytes(input), signed)) {
          throw new AssertionError("a changed report is believed");
        }
      }
      case GpuVerdict.Rejected rejected -> {
        if (rejected.detail().isBlank()) {
          throw new AssertionError(rejected.reason() + " without a detail");
        }
      }
    }
  }

  private static byte[] signedBytes(byte[] bundle) {
    try {
      byte[] report = GpuBundle.parse(bundle).gpus().getFirst().report();
      return Arrays.copyOf(report, report.length - SIGNATURE_BYTES);
    } catch (DerException e) {
      throw new IllegalStateException("not a bundle", e);
    }
  }
}
