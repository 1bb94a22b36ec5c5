package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/** Collateral in its JSON form, beside a good quote: only texts that were signed are believed. */
public final class CollateralTarget implements FuzzTarget {
  private static final byte[] REPORT_DATA = new byte[64];

  private final Policy policy;
  private final byte[] quote;
  private final List<byte[]> seeds;
  private final Collateral made;

  /** Makes collateral under the workspace's root, or finds that of an earlier run. */
  public CollateralTarget(FuzzWorkspace workspace) {
    try {
      TestNetwork network = new TestNetwork(workspace.root());
      policy = network.policy().withCollateralRequired(true);
      quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
      seeds = workspace.seeds("collateral", () -> List.of(network.collateral().make().toJson()));
      made = Collateral.parse(seeds.getFirst());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (JsonException e) {
      throw new IllegalStateException("the seed cannot be read", e);
    }
    if (!(verify(made) instanceof Verdict.Trusted)) {
      throw new IllegalStateException("the seed is not believed: " + verify(made));
    }
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  /** Nine certificates, two lists, two documents and then the quote: fourteen verifications. */
  @Override
  public long fixedBytes() {
    return 3 << 20;
  }

  @Override
  public void take(byte[] input) {
    Collateral collateral;
    try {
      collateral = Collateral.parse(input);
    } catch (JsonException e) {
      if (e.reason().isBlank()) {
        throw new AssertionError("a refusal without a sentence", e);
      }
      return;
    }
    switch (verify(collateral)) {
      case Verdict.Trusted _ -> {
        if (!collateral.tcbInfo().equals(made.tcbInfo())
            || !collateral.qeIdentity().equals(made.qeIdentity())) {
          throw new AssertionError("collateral that nobody signed is believed");
        }
      }
      case Verdict.Rejected rejected -> {
        if (rejected.detail().isBlank()) {
          throw new AssertionError(rejected.reason() + " without a detail");
        }
      }
    }
  }

  private Verdict verify(Collateral collateral) {
    return new EvidenceVerifier(policy, new FixedCollateral(collateral))
        .verify(quote, REPORT_DATA, Role.WORKER, TestNetwork.NOW);
  }
}
