package org.cocoon.bench.evidence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedCollateral;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerifier;

/** A worker with a simulated TEE, and all that its peers need to check it. Close it after use. */
final class SimulatedNode implements AutoCloseable {
  static final Role ROLE = Role.WORKER;
  private static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));

  private final Path folder;
  private final SimulatedTee tee;
  private final Policy policy;
  private final Collateral collateral;

  SimulatedNode() {
    try {
      InstantSource clock = InstantSource.system();
      folder = Files.createTempDirectory("cocoon-bench-evidence-");
      tee = SimulatedTee.start(folder, ROLE, IMAGE, clock);
      SimulatedRoot root = SimulatedRoot.in(folder, clock);
      Instant from = clock.instant().minus(Duration.ofDays(1));
      collateral = new SimulatedCollateral(root, from, from.plus(Duration.ofDays(30))).make();
      policy =
          SimulatedPolicy.of(Set.of(root.hash()), Map.of(ROLE, Set.of(IMAGE.imageHash(ROLE))))
              .withCollateralRequired(true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A verifier that has not yet looked at the collateral. */
  EvidenceVerifier verifier() {
    return new EvidenceVerifier(policy, new Given(collateral));
  }

  /** A trust manager for peers of this role that keeps so many verdicts. */
  PeerVerifier peers(int cachedVerdicts) {
    return new PeerVerifier(
        ROLE,
        verifier(),
        InstantSource.system(),
        cachedVerdicts,
        refusal -> {
          throw new IllegalStateException(refusal.toString());
        });
  }

  LinkIdentity identity() {
    try {
      return LinkIdentity.create(ROLE, new TsmReports(tee.reportsFolder()), InstantSource.system());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] quote() {
    try {
      return new TsmReports(tee.reportsFolder()).tdxQuote(new byte[64]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] reportData(byte[] quote) {
    if (TdxQuote.parse(quote) instanceof TdxQuote.Parsed parsed) {
      return HexFormat.of().parseHex(parsed.measurements().reportData());
    }
    throw new IllegalArgumentException("not a quote");
  }

  @Override
  public void close() {
    try {
      tee.close();
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Given(Collateral collateral) implements CollateralSource {
    @Override
    public Optional<Collateral> collateral(String fmspc, CaType ca) {
      return Optional.of(collateral);
    }

    @Override
    public long version() {
      return 1;
    }
  }
}
