package org.cocoon.link.evidence.snp;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/**
 * An SNP report and, behind its 1,184 bytes, its certificate table, parsed and verified: only what
 * was signed is ever believed.
 */
public final class SnpTarget implements FuzzTarget {
  private static final byte[] REPORT_DATA = new byte[64];

  private final List<byte[]> seeds;
  private final SnpVerifier verifier;

  /** Makes a report under a test root, or finds that of an earlier run. */
  public SnpTarget(FuzzWorkspace workspace) {
    seeds = workspace.seeds("snp", SnpTarget::fresh);
    byte[] report = Arrays.copyOf(seeds.getFirst(), SnpReport.BYTES);
    verifier = new SnpVerifier(policy(report, rootOf(seeds.getFirst())));
    if (!(verify(seeds.getFirst()) instanceof SnpVerdict.Trusted)) {
      throw new IllegalStateException("the seed is not believed: " + verify(seeds.getFirst()));
    }
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    switch (verify(input)) {
      case SnpVerdict.Trusted _ -> {
        int signed = SnpReportParser.SIGNED_BYTES;
        if (!Arrays.equals(Arrays.copyOf(input, signed), Arrays.copyOf(seeds.getFirst(), signed))) {
          throw new AssertionError("a changed report is believed");
        }
      }
      case SnpVerdict.Rejected rejected -> {
        if (rejected.detail().isBlank()) {
          throw new AssertionError(rejected.reason() + " without a detail");
        }
      }
    }
  }

  private SnpVerdict verify(byte[] input) {
    int split = Math.min(input.length, SnpReport.BYTES);
    byte[] report = Arrays.copyOf(input, split);
    byte[] table = Arrays.copyOfRange(input, split, input.length);
    return verifier.verify(report, table, REPORT_DATA, Role.WORKER, TestPlatform.NOW);
  }

  private static List<byte[]> fresh() {
    TestPlatform platform = new TestPlatform(Product.MILAN, SnpReport.SigningKey.VCEK);
    byte[] report = platform.report();
    byte[] table = platform.table();
    byte[] seed = Arrays.copyOf(report, report.length + table.length);
    System.arraycopy(table, 0, seed, report.length, table.length);
    return List.of(seed);
  }

  private static String rootOf(byte[] seed) {
    try {
      return CertificateTable.parse(Arrays.copyOfRange(seed, SnpReport.BYTES, seed.length))
          .get(CertificateTable.Entry.ARK)
          .map(Digests::sha256Hex)
          .orElseThrow();
    } catch (DerException e) {
      throw new IllegalStateException("the seed's table cannot be read", e);
    }
  }

  private static SnpPolicy policy(byte[] report, String root) {
    if (SnpReport.parse(report) instanceof SnpReport.Parsed parsed) {
      return new SnpPolicy(
          Map.of(Product.MILAN, TestPlatform.tcb(Product.MILAN)),
          Set.of(root),
          false,
          Set.of(),
          Map.of(Role.WORKER, Set.of(parsed.imageHash())));
    }
    throw new IllegalStateException("the seed is no report");
  }
}
