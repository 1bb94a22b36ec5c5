package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.PlatformName;
import org.jspecify.annotations.Nullable;

/**
 * The collateral of a node: in memory for every check, and fetched anew ahead of its end.
 *
 * <p>The first question for a family finds nothing and begins the fetch; {@link #waitingAtMost}
 * gives handshakes a view that waits for it. Each part that is held only moves forward, and only to
 * what passes the screening, so that whoever serves it can make this node refuse and nothing else.
 *
 * <pre>
 * a family's state   what ends it                 then
 * fetching           good answer, still valid     rest until {@link RefreshTimes#afterSuccess}
 *                    failure, or all out of date  rest until {@link RefreshTimes#afterFailures}
 * rest               its time has come            fetching
 *                    asked for, held nothing yet  rest: asking does not shorten the back-off
 * </pre>
 *
 * <p>Safe for use by many threads. Fetches run on the executor's threads, at most {@value
 * #MAX_FETCHES} at a time; only {@link #prefetch} and the waiting view ever block.
 */
public final class RefreshingCollateral implements CollateralSource, AutoCloseable {
  /** Most families that are held; Intel has published fewer for TDX in all. */
  public static final int MAX_FAMILIES = 64;

  /** Most fetches at a time: a server that stalls holds no more than these. */
  static final int MAX_FETCHES = 4;

  /** Most threads that wait in a waiting view; who comes after them is not kept. */
  static final int MAX_WAITING = 8;

  /** How long a family must not have been asked for before it makes room for another. */
  static final Duration IDLE = Duration.ofHours(1);

  private static final Duration LONGEST_REST = Duration.ofMinutes(1);

  private final CollateralOrigin origin;
  private final CollateralScreening screening;
  private final InstantSource clock;
  private final RefreshTimes times;
  private final Consumer<String> problems;
  private final Executor fetchers;
  private final @Nullable CollateralFolder folder;

  private final ConcurrentHashMap<PlatformName, Tracked> families = new ConcurrentHashMap<>();
  private final List<Consumer<PlatformName>> listeners = new CopyOnWriteArrayList<>();
  private final AtomicLong version = new AtomicLong();
  private final Semaphore fetches = new Semaphore(MAX_FETCHES);
  private final Semaphore waiting = new Semaphore(MAX_WAITING);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean closed;

  RefreshingCollateral(
      CollateralOrigin origin,
      CollateralScreening screening,
      InstantSource clock,
      RandomGenerator random,
      Consumer<String> problems,
      Executor fetchers,
      Optional<Path> folder)
      throws IOException {
    this.origin = origin;
    this.screening = screening;
    this.clock = clock;
    this.times = new RefreshTimes(random);
    this.problems = problems;
    this.fetchers = fetchers;
    this.folder = folder.isPresent() ? new CollateralFolder(folder.get()) : null;
    if (this.folder != null) {
      restore(this.folder);
    }
  }

  /**
   * Starts one; its refreshing runs on virtual threads until it is closed.
   *
   * @param origin where collateral is fetched
   * @param screening what may be held
   * @param folder keeps it over a restart, so that this node can start without the origin; its own
   * @param problems told in a sentence of each fetch that failed or gave something old, and of each
   *     file that is passed over; on the thread that fetches
   * @throws IOException if the folder cannot be read or made
   */
  public static RefreshingCollateral start(
      CollateralOrigin origin,
      CollateralScreening screening,
      Optional<Path> folder,
      InstantSource clock,
      Consumer<String> problems)
      throws IOException {
    RefreshingCollateral collateral =
        new RefreshingCollateral(
            origin,
            screening,
            clock,
            RandomGenerator.getDefault(),
            problems,
            Thread.ofVirtual().name("collateral fetch")::start,
            folder);
    Thread.ofVirtual().name("collateral refresh").start(collateral::refreshUntilClosed);
    return collateral;
  }

  @Override
  public Optional<Collateral> collateral(String fmspc, CaType ca) {
    return tracked(new PlatformName(fmspc, ca)).flatMap(t -> t.held).map(Held::collateral);
  }

  @Override
  public long version() {
    return version.get();
  }

  /**
   * The same collateral for handshakes on worker threads: a family's first question waits until its
   * fetch is over, but never longer than this, and not while a failed fetch backs off.
   */
  @Override
  public CollateralSource waitingAtMost(Duration wait) {
    return new CollateralSource() {
      @Override
      public Optional<Collateral> collateral(String fmspc, CaType ca) {
        Optional<Tracked> tracked = tracked(new PlatformName(fmspc, ca));
        if (tracked.isPresent() && tracked.get().held.isEmpty() && waiting.tryAcquire()) {
          try {
            awaitFetch(tracked.get(), wait);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            waiting.release();
          }
        }
        return tracked.flatMap(t -> t.held).map(Held::collateral);
      }

      @Override
      public long version() {
        return version.get();
      }
    };
  }

  /**
   * Fetches the collateral of this node's own platform, which then never makes room for another.
   * Blocks until it is here, at most so long.
   *
   * @throws IOException a sentence, if it is not here by then; fetching goes on
   */
  public Collateral prefetch(String fmspc, CaType ca, Duration timeout) throws IOException {
    PlatformName family = new PlatformName(fmspc, ca);
    Tracked tracked =
        tracked(family)
            .orElseThrow(() -> new IOException("no room for platform " + family + " is left"));
    lock.lock();
    try {
      tracked.pinned = true;
    } finally {
      lock.unlock();
    }
    try {
      awaitHeld(tracked, timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("given up, since this node stops", e);
    }
    return tracked
        .held
        .map(Held::collateral)
        .orElseThrow(() -> new IOException(lastError(tracked)));
  }

  /**
   * Makes every fetch due, back-off or not: for who knows that something new is there. Returns at
   * once; what is being fetched just now is fetched once more, since it may have been read before.
   */
  public void refreshNow() {
    Instant now = clock.instant();
    lock.lock();
    try {
      for (Tracked tracked : families.values()) {
        tracked.fetchAt = now;
        tracked.onceMore = tracked.fetching;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Calls this after each change, on the thread that fetched, when the new data is in place. */
  public void onChange(Consumer<PlatformName> listener) {
    listeners.add(listener);
  }

  /** How it stands with each family, in the order of their names. */
  public List<CollateralStanding> standings() {
    lock.lock();
    try {
      return families.values().stream()
          .map(Tracked::standing)
          .sorted(Comparator.comparing(standing -> standing.family().toString()))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /** Ends refreshing. What is held stays readable; the origin is its maker's to close. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins every fetch whose time has come.
   *
   * @return when the next one's will come, at most a minute from now
   */
  Instant refreshDue() {
    Instant now = clock.instant();
    families.values().forEach(tracked -> fetchIfDue(tracked, now));
    lock.lock();
    try {
      return nextFetch(now);
    } finally {
      lock.unlock();
    }
  }

  /** To be called with the lock. */
  private Instant nextFetch(Instant now) {
    Instant next = now.plus(LONGEST_REST);
    for (Tracked tracked : families.values()) {
      if (!tracked.fetching && tracked.fetchAt.isBefore(next)) {
        next = tracked.fetchAt;
      }
    }
    return next;
  }

  private void refreshUntilClosed() {
    while (true) {
      refreshDue();
      lock.lock();
      try {
        if (closed) {
          return;
        }
        // Asked again under the lock: what became due since then has given its signal already.
        Instant next = nextFetch(clock.instant());
        long restMillis = Math.max(1, Duration.between(clock.instant(), next).toMillis());
        // A signal only ends the rest early, which harms nothing.
        boolean _ = changed.await(restMillis, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        return;
      } finally {
        lock.unlock();
      }
    }
  }

  /** The family, taken in if it is new and there is room; its fetch has begun if it was due. */
  private Optional<Tracked> tracked(PlatformName family) {
    Instant now = clock.instant();
    Tracked known = families.get(family);
    if (known == null) {
      known = takeIn(family, now);
    }
    if (known == null) {
      return Optional.empty();
    }
    known.askedAt = now;
    if (known.held.isEmpty()) {
      fetchIfDue(known, now);
    }
    return Optional.of(known);
  }

  private @Nullable Tracked takeIn(PlatformName family, Instant now) {
    lock.lock();
    try {
      Tracked known = families.get(family);
      if (known != null) {
        return known;
      }
      if (families.size() >= MAX_FAMILIES && !makeRoom(now)) {
        return null;
      }
      Tracked fresh = new Tracked(family, now);
      families.put(family, fresh);
      return fresh;
    } finally {
      lock.unlock();
    }
  }

  private boolean makeRoom(Instant now) {
    Optional<Tracked> idlest =
        families.values().stream()
            .filter(t -> !t.pinned && !t.fetching && t.askedAt.isBefore(now.minus(IDLE)))
            .min(Comparator.comparing(t -> t.askedAt));
    if (idlest.isEmpty()) {
      return false;
    }
    families.remove(idlest.get().family);
    version.incrementAndGet();
    return true;
  }

  private void fetchIfDue(Tracked tracked, Instant now) {
    lock.lock();
    try {
      if (closed || tracked.fetching || now.isBefore(tracked.fetchAt)) {
        return;
      }
      tracked.fetching = true;
    } finally {
      lock.unlock();
    }
    fetchers.execute(() -> fetch(tracked));
  }

  private void fetch(Tracked tracked) {
    Optional<String> error = Optional.of("the fetch ended by a bug in it");
    boolean updated = false;
    try {
      fetches.acquireUninterruptibly();
      try {
        Held fresh = fetchScreened(tracked.family);
        error = shortcoming(tracked.held, fresh);
        updated = adopt(tracked, fresh);
      } catch (IOException e) {
        error = Optional.of(tracked.family + ": " + e.getMessage());
      } finally {
        fetches.release();
      }
    } finally {
      finish(tracked, error);
    }
    error.ifPresent(problems);
    if (updated) {
      listeners.forEach(listener -> listener.accept(tracked.family));
    }
  }

  private Held fetchScreened(PlatformName family) throws IOException {
    Collateral fetched = origin.fetch(family);
    Edition edition = Edition.of(fetched);
    if (!edition.family().equals(family)) {
      throw new IOException(origin + " gave collateral for platform " + edition.family());
    }
    screening.require(fetched);
    return new Held(fetched, edition);
  }

  private Optional<String> shortcoming(Optional<Held> held, Held fresh) {
    Instant until = fresh.edition().validUntil();
    List<String> older = held.map(h -> h.olderIn(fresh)).orElse(List.of());
    if (!older.isEmpty()) {
      return Optional.of(origin + " gave something old: " + String.join("; ", older));
    }
    return until.isAfter(clock.instant())
        ? Optional.empty()
        : Optional.of(origin + " gave collateral that ended at " + until);
  }

  /** Only the one fetch of this family writes here. */
  private boolean adopt(Tracked tracked, Held fresh) {
    Optional<Held> next =
        tracked.held.isPresent() ? tracked.held.get().updatedBy(fresh) : Optional.of(fresh);
    if (next.isEmpty()) {
      return false;
    }
    tracked.held = next;
    version.incrementAndGet();
    if (folder != null) {
      save(folder, next.get());
    }
    return true;
  }

  /** A full disk costs only the next restart something. */
  private void save(CollateralFolder target, Held held) {
    try {
      target.save(held);
    } catch (IOException e) {
      problems.accept("cannot keep the collateral of " + held.edition().family() + ": " + e);
    }
  }

  private void finish(Tracked tracked, Optional<String> error) {
    Instant now = clock.instant();
    lock.lock();
    try {
      tracked.fetching = false;
      tracked.lastError = error;
      tracked.failures = error.isPresent() ? tracked.failures + 1 : 0;
      tracked.fetchAt =
          tracked
              .held
              .filter(_ -> tracked.failures == 0)
              .map(held -> times.afterSuccess(now, held.edition().validUntil()))
              .orElseGet(() -> times.afterFailures(now, Math.max(1, tracked.failures)));
      if (tracked.onceMore) {
        tracked.onceMore = false;
        tracked.fetchAt = now;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void awaitFetch(Tracked tracked, Duration wait) throws InterruptedException {
    awaitWhile(() -> tracked.fetching, wait);
  }

  /** Waits over failures too, which the refreshing tries again meanwhile. */
  private void awaitHeld(Tracked tracked, Duration wait) throws InterruptedException {
    awaitWhile(() -> tracked.held.isEmpty(), wait);
  }

  private void awaitWhile(BooleanSupplier condition, Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      while (condition.getAsBoolean() && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private String lastError(Tracked tracked) {
    lock.lock();
    try {
      return tracked.lastError.orElse(
          "no collateral of platform " + tracked.family + " came in time");
    } finally {
      lock.unlock();
    }
  }

  private void restore(CollateralFolder from) throws IOException {
    Instant now = clock.instant();
    for (Held held : from.load(MAX_FAMILIES, problems)) {
      PlatformName family = held.edition().family();
      try {
        screening.require(held.collateral());
        Tracked tracked = new Tracked(family, now);
        tracked.held = Optional.of(held);
        families.put(family, tracked);
        version.incrementAndGet();
      } catch (IOException e) {
        problems.accept("passed over the kept collateral of " + family + ": " + e.getMessage());
      }
    }
  }
}
