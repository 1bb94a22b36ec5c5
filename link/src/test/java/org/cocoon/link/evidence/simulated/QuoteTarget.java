package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/** A TDX quote, parsed and verified: only what was signed is ever believed. */
public final class QuoteTarget implements FuzzTarget {
  private static final byte[] REPORT_DATA = new byte[64];

  private final EvidenceVerifier verifier;
  private final List<byte[]> seeds;
  private final List<byte[]> signed;

  /** Makes quotes under the workspace's root, or finds those of an earlier run. */
  public QuoteTarget(FuzzWorkspace workspace) {
    try {
      TestNetwork network = new TestNetwork(workspace.root());
      verifier =
          new EvidenceVerifier(
              network.policy().withCollateralRequired(true),
              new FixedCollateral(network.collateral().make()));
      seeds =
          workspace.seeds(
              "quote",
              () ->
                  List.of(
                      network.platform().quote(TestNetwork.measurements(REPORT_DATA)),
                      network.platform().quoteTd15(TestNetwork.measurements(REPORT_DATA))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    signed = seeds.stream().map(QuoteTarget::signedBytes).toList();
    for (byte[] seed : seeds) {
      if (!(verify(seed) instanceof Verdict.Trusted)) {
        throw new IllegalStateException("a seed is not believed: " + verify(seed));
      }
    }
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    switch (verify(input)) {
      case Verdict.Trusted _ -> {
        if (!FuzzWorkspace.isOneOf(signedBytes(input), signed)) {
          throw new AssertionError("a changed quote is believed");
        }
      }
      case Verdict.Rejected rejected -> {
        if (rejected.detail().isBlank()) {
          throw new AssertionError(rejected.reason() + " without a detail");
        }
      }
    }
  }

  private Verdict verify(byte[] quote) {
    return verifier.verify(quote, REPORT_DATA, Role.WORKER, TestNetwork.NOW);
  }

  private static byte[] signedBytes(byte[] quote) {
    return TdxQuote.parse(quote) instanceof TdxQuote.Parsed parsed
        ? Arrays.copyOf(parsed.signedBytes(), parsed.signedBytes().length)
        : new byte[0];
  }
}
