package org.cocoon.bench.oracle;

import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Our verifier as near to dcap-qvl's meaning as a policy can bring it: any image, TDX module and
 * features, any status but revoked, any advisory that the unchanged collateral knows. One thread.
 */
final class OurVerdict {
  private static final long SEPT_VE_DISABLE = 1L << 28;

  /** All values of tdAttributes without a bit that dcap-qvl refuses. */
  private static final Set<Long> ATTRIBUTES = attributes();

  private final Set<String> advisories;
  private @Nullable Basis basis;

  /** The last verifier, which keeps the signatures of its collateral. */
  private record Basis(Policy policy, Collateral collateral, EvidenceVerifier verifier) {}

  OurVerdict(Set<String> advisories) {
    this.advisories = advisories;
  }

  Verdict of(Case asked) {
    if (!(TdxQuote.parse(asked.quote()) instanceof TdxQuote.Parsed parsed)) {
      return verifier(Policy.NOTHING, asked.collateral())
          .verify(asked.quote(), new byte[64], Role.WORKER, asked.now());
    }
    Measurements measurements = parsed.measurements();
    Policy policy =
        Policy.NOTHING
            .withRoots(Set.of(Digests.sha256Hex(asked.root())), Set.of())
            .withTcb(new Policy.Tcb(statuses(), 0, advisories))
            .withDomains(
                new Policy.Domains(
                    ATTRIBUTES, Set.of(measurements.xfam()), Set.of(measurements.mrSeam())))
            .withImages(Map.of(Role.WORKER, Set.of(measurements.imageHash())));
    byte[] reportData = HexFormat.of().parseHex(measurements.reportData());
    return verifier(policy, asked.collateral())
        .verify(asked.quote(), reportData, Role.WORKER, asked.now());
  }

  private EvidenceVerifier verifier(Policy policy, Collateral collateral) {
    Basis known = basis;
    if (known == null || !known.collateral().equals(collateral) || !known.policy().equals(policy)) {
      known = new Basis(policy, collateral, new EvidenceVerifier(policy, always(collateral)));
      basis = known;
    }
    return Objects.requireNonNull(known).verifier();
  }

  private static CollateralSource always(Collateral collateral) {
    return new CollateralSource() {
      @Override
      public Optional<Collateral> collateral(String fmspc, CaType ca) {
        return Optional.of(collateral);
      }

      @Override
      public long version() {
        return 1;
      }
    };
  }

  private static Set<TcbStatus> statuses() {
    return Arrays.stream(TcbStatus.values())
        .filter(status -> status != TcbStatus.REVOKED)
        .collect(Collectors.toSet());
  }

  private static Set<Long> attributes() {
    Set<Long> values = new HashSet<>(Set.of(SEPT_VE_DISABLE));
    for (long bit : new long[] {1L << 30, 1L << 31, 1L << 63}) {
      values.addAll(Stream.of(values.toArray(Long[]::new)).map(value -> value | bit).toList());
    }
    return values;
  }
}
