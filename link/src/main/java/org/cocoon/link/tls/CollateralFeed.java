package org.cocoon.link.tls;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.collateral.BundleSource;
import org.cocoon.link.evidence.collateral.CollateralOrigin;
import org.cocoon.link.evidence.collateral.CollateralScreening;
import org.cocoon.link.evidence.collateral.CollateralStanding;
import org.cocoon.link.evidence.collateral.FolderSource;
import org.cocoon.link.evidence.collateral.PccsSource;
import org.cocoon.link.evidence.collateral.RefreshingCollateral;
import org.jspecify.annotations.Nullable;

/**
 * The collateral that a node checks platforms by, from where its operator says.
 *
 * <p>A server is asked again every few hours, as {@link RefreshingCollateral} says. A file or
 * folder is looked at each quarter of a second besides, and read again when it changed, so that an
 * operator who puts a revocation there need not wait. Safe for use by many threads.
 */
public final class CollateralFeed implements AutoCloseable {
  /** The same problem is told again after so long. */
  static final Duration PROBLEM_AGAIN = Duration.ofHours(1);

  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(10);

  /** How long a start waits for the collateral of the node's own platform. */
  private static final Duration PREFETCH_WAIT = Duration.ofSeconds(3);

  private static final int MAX_PROBLEMS = 64;

  /** Hears what becomes of the collateral, on the thread that fetches; must not block. */
  public interface Listener {
    /**
     * Other collateral is in force from now on.
     *
     * @param standing how it stands with the platforms that it is for
     */
    void changed(CollateralStanding standing);

    /**
     * A fetch failed, or gave something old. Told at once, and again each hour while it lasts.
     *
     * @param heldUntil when the first of what is held ends; empty if nothing is held
     */
    void problem(String sentence, Optional<Instant> heldUntil);
  }

  private final Listener listener;
  private final InstantSource clock;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable RefreshingCollateral refreshing;
  private @Nullable PccsSource server;

  /** When each problem was told last, the oldest first; guarded by itself. */
  private final Map<String, Instant> told = new LinkedHashMap<>();

  private CollateralFeed(Listener listener, InstantSource clock) {
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Begins to fetch; what is fetched is kept fresh until {@link #close}.
   *
   * @param where URL of a caching server (PCCS), a folder with the answers of one, or a file with
   *     one platform's collateral; null for none, which a policy must allow
   * @param keep folder that holds it over a restart, if there is one
   * @param roots under which it must be signed, asked for each time
   * @throws IOException a sentence, if there is no such place
   */
  public static CollateralFeed open(
      @Nullable String where,
      Optional<Path> keep,
      Supplier<Set<String>> roots,
      InstantSource clock,
      Listener listener)
      throws IOException {
    CollateralFeed feed = new CollateralFeed(listener, clock);
    if (where != null) {
      feed.begin(where, keep, CollateralScreening.under(roots));
    }
    return feed;
  }

  private void begin(String where, Optional<Path> keep, CollateralScreening screening)
      throws IOException {
    boolean remote = where.startsWith("https://") || where.startsWith("http://");
    Path path = remote ? null : Path.of(where);
    CollateralOrigin origin = path == null ? server(where) : local(path);
    // Seen before it is read: a change in between is then noticed.
    String seen = path == null ? "" : PlaceContent.of(path);
    RefreshingCollateral collateral =
        RefreshingCollateral.start(origin, screening, keep, clock, this::problem);
    refreshing = collateral;
    collateral.onChange(this::changed);
    if (path != null) {
      Thread.ofVirtual().name("collateral watch").start(() -> watch(path, seen, collateral));
    }
  }

  private PccsSource server(String where) throws IOException {
    try {
      PccsSource opened = new PccsSource(URI.create(where), Optional.empty(), FETCH_TIMEOUT);
      server = opened;
      return opened;
    } catch (IllegalArgumentException e) {
      throw new IOException("--collateral " + where + ": " + e.getMessage(), e);
    }
  }

  private static CollateralOrigin local(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return new FolderSource(path);
    }
    if (Files.isReadable(path)) {
      return new BundleSource(List.of(path));
    }
    throw new IOException(
        "--collateral " + path + " is neither a URL nor a folder nor a file that can be read");
  }

  private void watch(Path path, String first, RefreshingCollateral collateral) {
    String seen = first;
    try {
      while (!closed.await(PolicyWatch.PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
        String now = PlaceContent.of(path);
        if (!now.equals(seen)) {
          seen = now;
          collateral.refreshNow();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void changed(PlatformName family) {
    standings().stream()
        .filter(standing -> standing.family().equals(family))
        .forEach(listener::changed);
  }

  private void problem(String sentence) {
    Instant now = clock.instant();
    synchronized (told) {
      Instant last = told.get(sentence);
      if (last != null && now.isBefore(last.plus(PROBLEM_AGAIN))) {
        return;
      }
      told.remove(sentence); // so that it is put in as the newest
      told.put(sentence, now);
      if (told.size() > MAX_PROBLEMS) {
        told.remove(told.keySet().iterator().next());
      }
    }
    listener.problem(
        sentence,
        standings().stream()
            .flatMap(standing -> standing.validUntil().stream())
            .min(Comparator.naturalOrder()));
  }

  private List<CollateralStanding> standings() {
    RefreshingCollateral collateral = refreshing;
    return collateral == null ? List.of() : collateral.standings();
  }

  /** Whether the operator named a place at all. */
  public boolean given() {
    return refreshing != null;
  }

  /** For verifiers: never waits; {@link PeerVerifier} waits for it in handshakes. */
  public CollateralSource source() {
    RefreshingCollateral collateral = refreshing;
    return collateral == null ? CollateralSource.NONE : collateral;
  }

  /**
   * Fetches the collateral of this node's own platform, so that its own evidence can be checked
   * before anybody else does; blocks for at most three seconds, and tells of a failure.
   *
   * @param own as its own evidence names it; empty if it does not
   */
  public void prefetch(Optional<PlatformName> own) {
    RefreshingCollateral collateral = refreshing;
    if (collateral == null || own.isEmpty()) {
      return;
    }
    try {
      collateral.prefetch(own.get().fmspc(), own.get().ca(), PREFETCH_WAIT);
    } catch (IOException e) {
      problem(String.valueOf(e.getMessage()));
    }
  }

  /** Ends refreshing. */
  @Override
  public void close() {
    closed.countDown();
    RefreshingCollateral collateral = refreshing;
    if (collateral != null) {
      collateral.close();
    }
    if (server != null) {
      server.close();
    }
  }
}
