package org.cocoon.client.sidecar;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.collateral.BundleSource;
import org.cocoon.link.evidence.collateral.CollateralOrigin;
import org.cocoon.link.evidence.collateral.CollateralScreening;
import org.cocoon.link.evidence.collateral.FolderSource;
import org.cocoon.link.evidence.collateral.PccsSource;
import org.cocoon.link.evidence.collateral.RefreshingCollateral;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where {@code --collateral} points: a caching server, a folder of files, or one file. */
final class CollateralPlace implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CollateralPlace.class);
  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(10);

  /** The first handshake with a platform waits for its collateral, within TLS's own bound. */
  private static final Duration HANDSHAKE_WAIT = Duration.ofSeconds(8);

  private final @Nullable RefreshingCollateral collateral;

  private CollateralPlace(@Nullable RefreshingCollateral collateral) {
    this.collateral = collateral;
  }

  /**
   * Opens a place.
   *
   * @param text a URL, or a path; empty: no collateral
   * @param policy whose roots must have signed what is held
   * @throws IOException a sentence, if it is neither
   */
  static CollateralPlace open(Optional<String> text, Path policy, InstantSource clock)
      throws IOException {
    if (text.isEmpty()) {
      return new CollateralPlace(null);
    }
    return new CollateralPlace(
        RefreshingCollateral.start(
            origin(text.get()),
            CollateralScreening.under(() -> roots(policy)),
            Optional.empty(),
            clock,
            problem -> log.warn("event=collateral_problem reason=\"{}\"", problem)));
  }

  private static CollateralOrigin origin(String text) throws IOException {
    if (text.startsWith("http://") || text.startsWith("https://")) {
      return new PccsSource(URI.create(text), Optional.empty(), FETCH_TIMEOUT);
    }
    Path path = Path.of(text);
    if (Files.isDirectory(path)) {
      return new FolderSource(path);
    }
    if (Files.isReadable(path)) {
      return new BundleSource(List.of(path));
    }
    throw new IOException("--collateral must be a URL, a folder or a file that exists: " + text);
  }

  private static Set<String> roots(Path file) {
    try {
      Policy policy = Policy.load(file);
      Set<String> roots = new HashSet<>(policy.trustedRoots());
      roots.addAll(policy.simulatedRoots());
      return roots;
    } catch (IOException e) {
      return Set.of(); // a policy that cannot be read vouches for nothing new
    }
  }

  /** What verifiers ask. */
  CollateralSource source() {
    return collateral == null ? CollateralSource.NONE : collateral.waitingAtMost(HANDSHAKE_WAIT);
  }

  @Override
  public void close() {
    if (collateral != null) {
      collateral.close();
    }
  }
}
