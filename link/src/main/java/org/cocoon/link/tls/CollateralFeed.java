package org.cocoon.link.tls;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.collateral.BundleSource;
import org.cocoon.link.evidence.collateral.CollateralOrigin;
import org.cocoon.link.evidence.collateral.CollateralScreening;
import org.cocoon.link.evidence.collateral.FolderSource;
import org.cocoon.link.evidence.collateral.PccsSource;
import org.cocoon.link.evidence.collateral.RefreshingCollateral;
import org.jspecify.annotations.Nullable;

/** The collateral that a node checks platforms by, from where its operator says. */
public final class CollateralFeed implements AutoCloseable {
  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(10);

  /** How long the first handshake of a kind of platform waits for its collateral. */
  private static final Duration HANDSHAKE_WAIT = Duration.ofSeconds(3);

  private final CollateralSource source;
  private final @Nullable RefreshingCollateral refreshing;
  private final @Nullable PccsSource server;

  private CollateralFeed(
      CollateralSource source,
      @Nullable RefreshingCollateral refreshing,
      @Nullable PccsSource server) {
    this.source = source;
    this.refreshing = refreshing;
    this.server = server;
  }

  /**
   * Begins to fetch; what is fetched is kept fresh until {@link #close}.
   *
   * @param where URL of a caching server (PCCS), a folder with the answers of one, or a file with
   *     one platform's collateral; null for none, which a policy must allow
   * @param keep folder that holds it over a restart, if there is one
   * @param roots under which it must be signed, asked for each time
   * @param problems told in a sentence of each fetch that failed
   * @throws IOException a sentence, if there is no such place
   */
  public static CollateralFeed open(
      @Nullable String where,
      Optional<Path> keep,
      Supplier<Set<String>> roots,
      InstantSource clock,
      Consumer<String> problems)
      throws IOException {
    if (where == null) {
      return new CollateralFeed(CollateralSource.NONE, null, null);
    }
    CollateralOrigin origin = origin(where);
    RefreshingCollateral refreshing =
        RefreshingCollateral.start(origin, CollateralScreening.under(roots), keep, clock, problems);
    return new CollateralFeed(
        refreshing.waitingAtMost(HANDSHAKE_WAIT),
        refreshing,
        origin instanceof PccsSource server ? server : null);
  }

  private static CollateralOrigin origin(String where) throws IOException {
    if (where.startsWith("https://") || where.startsWith("http://")) {
      try {
        return new PccsSource(URI.create(where), Optional.empty(), FETCH_TIMEOUT);
      } catch (IllegalArgumentException e) {
        throw new IOException("--collateral " + where + ": " + e.getMessage(), e);
      }
    }
    Path path = Path.of(where);
    if (Files.isDirectory(path)) {
      return new FolderSource(path);
    }
    if (Files.isReadable(path)) {
      return new BundleSource(List.of(path));
    }
    throw new IOException(
        "--collateral " + where + " is neither a URL nor a folder nor a file that can be read");
  }

  /** For verifiers that run on worker threads: a first question may wait for a fetch. */
  public CollateralSource source() {
    return source;
  }

  /** Ends refreshing. */
  @Override
  public void close() {
    if (refreshing != null) {
      refreshing.close();
    }
    if (server != null) {
      server.close();
    }
  }
}
