package org.cocoon.link.registry;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry in force, asked again and again on a virtual thread.
 *
 * <p>A round asks all endpoints at once, sets aside those that contradict what was seen before, and
 * takes what a quorum of the others says:
 *
 * <pre>
 * a quorum says a newer version-----> in force, unless its document is broken: then the one before
 * a quorum says the same version----> confirmed anew
 * a quorum takes a hash back--------> out of the policy at once, for good
 * no quorum-------------------------> what was read last stays in force, and becomes older
 * older than the longest age--------> stale: no new link comes up until a quorum speaks again
 * </pre>
 *
 * <p>Safe for use by many threads.
 */
public final class RegistryFeed implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RegistryFeed.class);

  /** Of one endpoint's answer; a round takes no longer. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** The same problem is told again after so long. */
  private static final Duration PROBLEM_AGAIN = Duration.ofHours(1);

  private static final int MAX_SENTENCE = 600;

  private final RegistryOptions options;
  private final List<RegistryEndpoint> endpoints;
  private final InstantSource clock;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Empty until the first reading; written by the thread of the rounds. */
  private @Nullable RegistryMemory memory;

  private volatile NetworkDocument current;
  private volatile RegistryStanding standing;
  private @Nullable RegistryMemory written;
  private Optional<String> toldProblem = Optional.empty();
  private Instant toldAt = Instant.MIN;
  private boolean toldStale;

  private RegistryFeed(
      RegistryOptions options,
      List<RegistryEndpoint> endpoints,
      InstantSource clock,
      @Nullable RegistryMemory kept)
      throws IOException {
    this.options = options;
    this.endpoints = List.copyOf(endpoints);
    this.clock = clock;
    this.memory = kept;
    this.written = kept;
    First first = first(kept);
    this.current = first.document();
    this.standing = first.standing();
  }

  private record First(NetworkDocument document, RegistryStanding standing) {}

  /**
   * Asks for the first time, and then again and again until {@link #close}; blocks for up to ten
   * seconds.
   *
   * @throws IOException a sentence, if no quorum says the same and nothing was kept: nothing starts
   *     without a policy
   */
  public static RegistryFeed open(RegistryOptions options, InstantSource clock) throws IOException {
    List<RegistryEndpoint> endpoints = new ArrayList<>();
    options
        .endpoints()
        .forEach(base -> endpoints.add(new ToncenterEndpoint(base, options.address(), TIMEOUT)));
    if (endpoints.size() == 1) {
      log.warn(
          "event=registry_trusts_one endpoint={} hint=\"one endpoint can make up the registry: name more with --chain\"",
          endpoints.getFirst().name());
    }
    RegistryFeed feed = open(options, endpoints, clock);
    Thread.ofVirtual().name("registry").start(feed::follow);
    return feed;
  }

  /** The same over other endpoints, whose rounds the caller has to run. */
  static RegistryFeed open(
      RegistryOptions options, List<RegistryEndpoint> endpoints, InstantSource clock)
      throws IOException {
    Optional<RegistryMemory> kept = Optional.empty();
    if (options.state().isPresent()) {
      kept = RegistryMemory.load(options.state().get(), options.address());
      if (kept.flatMap(memory -> fault(memory.document())).isPresent()) {
        kept = Optional.empty(); // another build could read it
      }
    }
    RegistryFeed feed = new RegistryFeed(options, endpoints, clock, kept.orElse(null));
    log.info(
        "event=registry_in_force registry={} version={} document={} endpoints={} quorum={}",
        options.address(),
        feed.standing.version(),
        feed.standing.document(),
        endpoints.size(),
        options.quorum());
    return feed;
  }

  /** A first round, which must give a document unless one was kept. */
  private First first(@Nullable RegistryMemory kept) throws IOException {
    Round round = ask(kept);
    Optional<RegistryState> agreed = round.agreement().state();
    RegistryMemory before = kept;
    if (before == null) {
      if (agreed.isEmpty()) {
        close();
        throw new IOException(
            "the registry %s cannot be read: %s"
                .formatted(options.address(), round.problem().orElse("no quorum")));
      }
      RegistryState state = agreed.get();
      Optional<String> broken = fault(state.document());
      if (broken.isPresent()) {
        close();
        throw new IOException(
            "the registry %s has a broken document, version %d: %s"
                .formatted(options.address(), state.version(), broken.get()));
      }
      before =
          new RegistryMemory(
              options.address(),
              state.version(),
              state.document(),
              state.version(),
              state.document(),
              Collections.emptySortedSet(),
              Instant.EPOCH);
    }
    return settle(before, round);
  }

  // ------------------------------------------------------------------ what is in force

  /** The document in force, without what was taken back. */
  public NetworkDocument current() {
    return current;
  }

  /** How it stands now. */
  public RegistryStanding standing() {
    RegistryStanding last = standing;
    return new RegistryStanding(
        last.registry(),
        last.version(),
        last.document(),
        last.confirmedAt(),
        isStale(last.confirmedAt()),
        last.endpoints(),
        last.quorum(),
        last.announced(),
        last.revoked(),
        last.problem());
  }

  /** Whether the chain has been away for too long, so that no new link may come up. */
  public boolean stale() {
    return isStale(standing.confirmedAt());
  }

  private boolean isStale(Instant confirmedAt) {
    return clock.instant().isAfter(confirmedAt.plus(options.maxAge()));
  }

  // ------------------------------------------------------------------ rounds

  private void follow() {
    try {
      while (!closed.await(options.interval().toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          round();
        } catch (RuntimeException fault) {
          log.error("event=registry_round_failed", fault);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks once more; on one thread at a time. */
  void round() {
    RegistryMemory before = memory;
    Round round = ask(before);
    if (closed.getCount() == 0 || before == null) {
      return; // what was given up says nothing about the chain
    }
    First next = settle(before, round);
    current = next.document();
    standing = next.standing();
  }

  /**
   * What became of one round of questions.
   *
   * @param agreement among those that did not contradict what was seen
   * @param problem why there is none, or what is odd about it
   */
  private record Round(Agreement agreement, Optional<String> problem) {}

  private Round ask(@Nullable RegistryMemory before) {
    Map<String, Future<RegistryState>> asked = new LinkedHashMap<>();
    endpoints.forEach(endpoint -> asked.put(endpoint.name(), threads.submit(endpoint::read)));
    SortedMap<String, RegistryState> usable = new TreeMap<>();
    List<String> absent = new ArrayList<>();
    List<String> lies = new ArrayList<>();
    asked.forEach(
        (name, answer) -> {
          try {
            RegistryState state = answer.get();
            if (before != null && before.isAheadOf(state)) {
              absent.add(
                  "%s says version %d, and version %d was seen before: it is behind, or it lies"
                      .formatted(name, state.version(), before.seen()));
            } else if (before != null && before.contradicts(state)) {
              lies.add(
                  "%s has another document of version %d than was seen before"
                      .formatted(name, state.version()));
            } else {
              usable.put(name, state);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            absent.add("given up, since this node stops");
          } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            absent.add(String.valueOf(cause.getMessage()));
          }
        });
    Agreement agreement = Agreement.of(usable, options.quorum());
    agreement.fork().ifPresent(lies::add);
    List<String> problems = new ArrayList<>(lies);
    if (agreement.state().isEmpty()) {
      problems.addAll(absent);
      if (usable.size() >= options.quorum() && agreement.fork().isEmpty()) {
        problems.add(
            "no %d of %d endpoints say the same".formatted(options.quorum(), endpoints.size()));
      }
    }
    return new Round(
        agreement, problems.isEmpty() ? Optional.<String>empty() : Optional.of(sentence(problems)));
  }

  private static String sentence(List<String> problems) {
    String all = String.join("; ", problems).replaceAll("[\\p{Cntrl}\"]", " ");
    return all.length() > MAX_SENTENCE ? all.substring(0, MAX_SENTENCE) + "..." : all;
  }

  /** Takes what a round gave. */
  private First settle(RegistryMemory before, Round round) {
    Agreement agreement = round.agreement();
    SortedSet<String> fresh = new TreeSet<>(agreement.revoked().keySet());
    fresh.removeAll(before.revoked());
    fresh.forEach(hash -> log.warn("event=registry_revoked hash={}", hash));
    RegistryMemory next = fresh.isEmpty() ? before : before.revoking(fresh);
    Optional<String> problem = round.problem();
    Optional<RegistryStanding.Announced> announced = Optional.empty();
    if (agreement.state().isPresent()) {
      RegistryState state = agreement.state().get();
      Optional<String> broken = fault(state.document());
      next = next.seeing(state, broken.isPresent(), clock.instant());
      if (broken.isPresent()) {
        problem =
            Optional.of(
                "the document of version %d is broken, version %d stays in force: %s"
                    .formatted(state.version(), next.version(), broken.get()));
      }
      announced = state.pending().map(document -> announced(state, document));
    }
    RegistryStanding after = standing(next, announced, problem);
    tell(before, after);
    keep(next);
    memory = next;
    return new First(document(before, next), after);
  }

  /** The same object for as long as nothing changed. */
  private NetworkDocument document(RegistryMemory before, RegistryMemory next) {
    NetworkDocument last = current;
    return last != null
            && before.document().equals(next.document())
            && before.revoked().equals(next.revoked())
        ? last
        : NetworkDocument.parse(next.document().toByteArray()).without(next.revoked());
  }

  private static RegistryStanding.Announced announced(RegistryState state, ByteString document) {
    return new RegistryStanding.Announced(
        RegistryState.digest(document), state.activatesAt(), fault(document));
  }

  private RegistryStanding standing(
      RegistryMemory of, Optional<RegistryStanding.Announced> announced, Optional<String> problem) {
    return new RegistryStanding(
        of.registry(),
        of.version(),
        RegistryState.digest(of.document()),
        of.confirmedAt(),
        isStale(of.confirmedAt()),
        endpoints.size(),
        options.quorum(),
        announced,
        of.revoked(),
        problem);
  }

  /** Why a document is broken; empty if it is not. */
  private static Optional<String> fault(ByteString document) {
    try {
      NetworkDocument.parse(document.toByteArray());
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(sentence(List.of(String.valueOf(e.getMessage()))));
    }
  }

  /** Remembers over a restart, whenever something must not be forgotten, and each minute. */
  private void keep(RegistryMemory next) {
    RegistryMemory last = written;
    boolean due =
        last == null
            || last.seen() != next.seen()
            || last.version() != next.version()
            || !last.revoked().equals(next.revoked())
            || next.confirmedAt().isAfter(last.confirmedAt().plusSeconds(60));
    Optional<Path> folder = options.state();
    if (!due || folder.isEmpty()) {
      return;
    }
    try {
      next.keep(folder.get());
      written = next;
    } catch (IOException e) {
      log.error("event=registry_not_kept reason=\"{}\"", e.getMessage());
    }
  }

  // ------------------------------------------------------------------ what is told

  private void tell(RegistryMemory before, RegistryStanding after) {
    if (after.version() != before.version()) {
      log.info(
          "event=registry_in_force registry={} version={} document={} before={}",
          after.registry(),
          after.version(),
          after.document(),
          before.version());
    }
    RegistryStanding last = standing;
    boolean known = last != null && last.announced().equals(after.announced());
    if (!known) {
      after
          .announced()
          .ifPresent(
              coming ->
                  log.warn(
                      "event=registry_announced document={} activates_at={} problem=\"{}\"",
                      coming.document(),
                      coming.activatesAt(),
                      coming.problem().orElse("")));
    }
    tellProblem(after);
    if (after.stale() != toldStale) {
      toldStale = after.stale();
      if (after.stale()) {
        log.error(
            "event=registry_stale confirmed_at={} max_age={} hint=\"no new link comes up until a quorum of --chain endpoints answers\"",
            after.confirmedAt(),
            options.maxAge());
      } else {
        log.info("event=registry_fresh confirmed_at={}", after.confirmedAt());
      }
    }
  }

  private void tellProblem(RegistryStanding after) {
    Instant now = clock.instant();
    if (after.problem().equals(toldProblem)
        && (after.problem().isEmpty() || now.isBefore(toldAt.plus(PROBLEM_AGAIN)))) {
      return;
    }
    toldProblem = after.problem();
    toldAt = now;
    if (after.problem().isPresent()) {
      log.warn(
          "event=registry_problem kept={} confirmed_at={} detail=\"{}\"",
          after.version(),
          after.confirmedAt(),
          after.problem().get());
    } else {
      log.info("event=registry_agreed version={}", after.version());
    }
  }

  /** Ends the rounds. */
  @Override
  public void close() {
    closed.countDown();
    threads.shutdownNow();
    endpoints.forEach(RegistryEndpoint::close);
  }
}
