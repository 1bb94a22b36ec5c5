package org.cocoon.link.evidence.collateral;

import static org.cocoon.link.evidence.collateral.TestCollateral.FAMILY;
import static org.cocoon.link.evidence.collateral.TestCollateral.FMSPC;
import static org.cocoon.link.evidence.collateral.TestCollateral.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.PlatformName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Time and threads are the test's: a fetch runs where it begins, unless it is queued. */
@Timeout(30)
final class RefreshingCollateralTest {
  private static final CollateralScreening ALL_GENUINE = _ -> {};

  private final List<String> problems = new ArrayList<>();
  private final List<PlatformName> changes = new ArrayList<>();
  private final List<PlatformName> fetched = new ArrayList<>();
  private CollateralOrigin origin = _ -> new TestCollateral().build();
  private CollateralScreening screening = ALL_GENUINE;
  private Instant now = START.plus(Duration.ofDays(1));

  @TempDir Path folder;

  private RefreshingCollateral make(Executor fetchers, Optional<Path> kept) throws IOException {
    RefreshingCollateral collateral =
        new RefreshingCollateral(
            family -> {
              fetched.add(family);
              return origin.fetch(family);
            },
            candidate -> screening.require(candidate),
            () -> now,
            new Random(1),
            problems::add,
            fetchers,
            kept);
    collateral.onChange(changes::add);
    return collateral;
  }

  private RefreshingCollateral make() throws IOException {
    return make(Runnable::run, Optional.empty());
  }

  private static Optional<Collateral> ask(CollateralSource collateral) {
    return collateral.collateral(FMSPC, CaType.PLATFORM);
  }

  private static Edition held(CollateralSource collateral) throws IOException {
    return Edition.of(ask(collateral).orElseThrow());
  }

  private static CollateralStanding standing(RefreshingCollateral collateral) {
    return collateral.standings().getFirst();
  }

  /** Moves the clock to where the next fetch is due, and lets it happen. */
  private void toNextFetch(RefreshingCollateral collateral) {
    now = standing(collateral).nextFetch();
    collateral.refreshDue();
  }

  @Test
  void beginsAFetchWithTheFirstQuestionAndDoesNotWaitForIt() throws IOException {
    Queue<Runnable> begun = new ArrayDeque<>();
    RefreshingCollateral collateral = make(begun::add, Optional.empty());
    assertEquals(Optional.empty(), ask(collateral));
    assertEquals(Optional.empty(), ask(collateral));
    assertEquals(1, begun.size());
    long before = collateral.version();
    begun.remove().run();
    assertSame(ask(collateral).orElseThrow(), ask(collateral).orElseThrow());
    assertNotEquals(before, collateral.version());
    assertEquals(List.of(FAMILY), changes);
    assertEquals(List.of(), problems);
  }

  @Test
  void fetchesAnewLongBeforeTheEndAndTellsOfWhatChanged() throws IOException {
    RefreshingCollateral collateral = make();
    Collateral first = ask(collateral).orElseThrow();
    Instant due = standing(collateral).nextFetch();
    assertTrue(due.isAfter(now.plus(Duration.ofHours(2))), due.toString());
    assertTrue(due.isBefore(now.plus(Duration.ofHours(7))), due.toString());
    now = due.minusMillis(1);
    assertFalse(collateral.refreshDue().isAfter(due));
    assertEquals(1, fetched.size());
    toNextFetch(collateral);
    assertEquals(2, fetched.size());
    assertSame(first, ask(collateral).orElseThrow(), "nothing new came");
    assertEquals(1, changes.size());
    origin = _ -> new TestCollateral().issued(START.plus(Duration.ofHours(20))).build();
    toNextFetch(collateral);
    assertEquals(2, changes.size());
    assertEquals(START.plus(Duration.ofHours(20)), held(collateral).tcbInfo().issuedAt());
    assertEquals(List.of(), problems);
  }

  @Test
  void whatIsBeingFetchedWhenSomethingNewIsThereIsFetchedOnceMore() throws IOException {
    Queue<Runnable> begun = new ArrayDeque<>();
    RefreshingCollateral collateral = make(begun::add, Optional.empty());
    ask(collateral);
    collateral.refreshNow();
    begun.remove().run();
    collateral.refreshDue();
    assertEquals(1, begun.size(), "it may have been read before the change");
    begun.remove().run();
    collateral.refreshDue();
    assertEquals(0, begun.size(), "and then it rests");
    assertEquals(2, fetched.size());
  }

  @Test
  void fetchesShortLivedCollateralBeforeItEndsToo() throws IOException {
    origin = _ -> new TestCollateral().issued(now).validFor(Duration.ofMinutes(10)).build();
    RefreshingCollateral collateral = make();
    for (int i = 0; i < 100; i++) {
      Instant end = held(collateral).validUntil();
      assertTrue(standing(collateral).nextFetch().isBefore(end));
      toNextFetch(collateral);
    }
    assertEquals(List.of(), problems);
    assertEquals(101, changes.size());
  }

  @Test
  void neverGoesBackInAnyPart() throws IOException {
    TestCollateral newest =
        new TestCollateral().evaluation(19).crlNumber(8).issued(START.plus(Duration.ofHours(9)));
    origin = _ -> newest.build();
    RefreshingCollateral collateral = make();
    Collateral first = ask(collateral).orElseThrow();
    for (TestCollateral older :
        List.of(
            newest.evaluation(18).crlNumber(7),
            newest.issued(START),
            newest.issued(START).evaluation(20).crlNumber(9),
            newest.issued(now).evaluation(18).crlNumber(7))) {
      problems.clear();
      origin = _ -> older.build();
      toNextFetch(collateral);
      assertSame(first, ask(collateral).orElseThrow(), older.toString());
      assertEquals(1, problems.size());
      assertTrue(problems.getFirst().contains("tcb info"), problems.getFirst());
      assertTrue(problems.getFirst().contains("root crl"), problems.getFirst());
      assertEquals(Optional.of(problems.getFirst()), standing(collateral).lastError());
    }
    assertEquals(1, changes.size());
  }

  @Test
  void takesANewPartFromAnAnswerWhoseOtherPartsAreOld() throws IOException {
    RefreshingCollateral collateral = make();
    ask(collateral);
    origin =
        _ -> new TestCollateral().issued(START.plusSeconds(60)).evaluation(17).crlNumber(8).build();
    toNextFetch(collateral);
    Edition merged = held(collateral);
    assertEquals(18, merged.tcbInfo().number().intValue());
    assertEquals(18, merged.qeIdentity().number().intValue());
    assertEquals(8, merged.pckCrl().number().intValue());
    assertEquals(8, merged.rootCaCrl().number().intValue());
    assertEquals(2, changes.size());
    assertEquals(1, problems.size());
  }

  @Test
  void holdsNothingOfAnotherPlatformOrThatIsNotGenuine() throws IOException {
    origin = _ -> new TestCollateral().ofPlatform("00a06d080000").build();
    RefreshingCollateral collateral = make();
    assertEquals(Optional.empty(), ask(collateral));
    assertTrue(problems.getLast().contains("00a06d080000"), problems.getLast());
    origin = _ -> new TestCollateral().build(CaType.PROCESSOR);
    toNextFetch(collateral);
    assertTrue(problems.getLast().contains("processor"), problems.getLast());
    origin = _ -> new TestCollateral().build();
    screening =
        _ -> {
          throw new IOException("forged");
        };
    toNextFetch(collateral);
    assertTrue(problems.getLast().contains("forged"), problems.getLast());
    assertEquals(Optional.empty(), ask(collateral));
    screening = ALL_GENUINE;
    toNextFetch(collateral);
    assertTrue(ask(collateral).isPresent());
    assertEquals(1, changes.size());
  }

  @Test
  void backsOffWhileTheOriginFailsHoweverOftenItIsAskedFor() throws IOException {
    origin =
        _ -> {
          throw new IOException("down");
        };
    RefreshingCollateral collateral = make();
    ask(collateral);
    Duration longest = Duration.ZERO;
    for (int failures = 1; failures < 20; failures++) {
      assertEquals(failures, fetched.size());
      assertEquals(Optional.empty(), ask(collateral));
      assertEquals(failures, fetched.size(), "asking begins no fetch while it backs off");
      Duration wait = Duration.between(now, standing(collateral).nextFetch());
      assertTrue(wait.compareTo(RefreshTimes.LONGEST_RETRY) <= 0, wait.toString());
      longest = wait.compareTo(longest) > 0 ? wait : longest;
      toNextFetch(collateral);
    }
    assertTrue(longest.compareTo(Duration.ofMinutes(4)) > 0, longest.toString());
    origin = _ -> new TestCollateral().build();
    toNextFetch(collateral);
    assertTrue(ask(collateral).isPresent());
    assertEquals(Optional.empty(), standing(collateral).lastError());
  }

  @Test
  void keepsWhatItHoldsWhileTheOriginFailsAndSaysUntilWhen() throws IOException {
    RefreshingCollateral collateral = make();
    ask(collateral);
    origin =
        _ -> {
          throw new IOException("down");
        };
    toNextFetch(collateral);
    assertTrue(ask(collateral).isPresent());
    assertEquals(
        new CollateralStanding(
            FAMILY,
            Optional.of(START),
            Optional.of(START.plus(Duration.ofDays(30))),
            standing(collateral).nextFetch(),
            Optional.of(FAMILY + ": down")),
        standing(collateral));
  }

  @Test
  void triesAgainSoonWhenWhatCameHasEndedAlready() throws IOException {
    now = START.plus(Duration.ofDays(31));
    RefreshingCollateral collateral = make();
    assertTrue(ask(collateral).isPresent(), "the verifier says that it has ended");
    assertTrue(problems.getFirst().contains("ended at"), problems.getFirst());
    assertTrue(standing(collateral).nextFetch().isBefore(now.plusSeconds(6)));
  }

  @Test
  void holdsABoundedNumberOfFamilies() throws IOException {
    origin = family -> new TestCollateral().ofPlatform(family.fmspc()).build();
    RefreshingCollateral collateral = make();
    collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ZERO);
    for (int i = 1; i < 1000; i++) {
      collateral.collateral("%012x".formatted(i), CaType.PLATFORM);
    }
    assertEquals(RefreshingCollateral.MAX_FAMILIES, collateral.standings().size());
    assertEquals(RefreshingCollateral.MAX_FAMILIES, fetched.size());
    long before = collateral.version();
    now = now.plus(RefreshingCollateral.IDLE).plusSeconds(1);
    assertTrue(collateral.collateral("%012x".formatted(5000), CaType.PLATFORM).isPresent());
    assertNotEquals(before, collateral.version());
    assertEquals(RefreshingCollateral.MAX_FAMILIES, collateral.standings().size());
    for (int i = 6000; i < 7000; i++) {
      collateral.collateral("%012x".formatted(i), CaType.PLATFORM);
    }
    int fetches = fetched.size();
    assertTrue(ask(collateral).isPresent(), "this node's own platform makes no room");
    assertEquals(fetches, fetched.size());
  }

  @Test
  void startsFromItsFolderWithoutTheOrigin() throws IOException {
    ask(make(Runnable::run, Optional.of(folder)));
    Files.writeString(folder.resolve("broken.json"), "{");
    origin =
        _ -> {
          throw new IOException("down");
        };
    RefreshingCollateral restarted = make(Runnable::run, Optional.of(folder));
    assertTrue(problems.getLast().contains("broken.json"), problems.getLast());
    PccsSourceTest.assertSame(new TestCollateral().build(), ask(restarted).orElseThrow());
    restarted.refreshDue();
    assertEquals(2, fetched.size(), "what was kept may be old, so it is fetched anew at once");
    origin = _ -> new TestCollateral().evaluation(17).build();
    toNextFetch(restarted);
    assertEquals(18, held(restarted).tcbInfo().number().intValue(), "nor back over a restart");
  }

  @Test
  void doesNotTakeFromItsFolderWhatIsNotGenuine() throws IOException {
    ask(make(Runnable::run, Optional.of(folder)));
    screening =
        _ -> {
          throw new IOException("forged");
        };
    assertEquals(Optional.empty(), ask(make(Runnable::run, Optional.of(folder))));
  }

  @Test
  void survivesABugInTheOrigin() throws IOException {
    origin =
        _ -> {
          throw new IllegalStateException("bug");
        };
    RefreshingCollateral collateral = make();
    assertThrows(IllegalStateException.class, () -> ask(collateral));
    origin = _ -> new TestCollateral().build();
    toNextFetch(collateral);
    assertTrue(ask(collateral).isPresent());
  }

  @Test
  void aHandshakeMayWaitForTheFirstFetch() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    origin =
        _ -> {
          awaitUninterrupted(answer);
          return new TestCollateral().build();
        };
    RefreshingCollateral collateral =
        make(task -> Thread.ofVirtual().start(task), Optional.empty());
    assertEquals(Optional.empty(), ask(collateral.waitingAtMost(Duration.ofMillis(5))));
    Thread release = Thread.ofVirtual().start(answer::countDown);
    assertTrue(ask(collateral.waitingAtMost(Duration.ofSeconds(20))).isPresent());
    release.join();
    assertEquals(1, fetched.size());
  }

  @Test
  void prefetchSaysWhyNothingCame() throws IOException {
    origin =
        _ -> {
          throw new IOException("down");
        };
    RefreshingCollateral collateral = make();
    IOException refused =
        assertThrows(
            IOException.class,
            () -> collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ofMillis(5)));
    assertEquals(FAMILY + ": down", refused.getMessage());
  }

  @Test
  void refreshesByItselfUntilClosed() throws Exception {
    CountDownLatch answers = new CountDownLatch(10);
    AtomicLong hours = new AtomicLong();
    CollateralOrigin counting =
        _ -> {
          answers.countDown();
          return new TestCollateral().build();
        };
    try (RefreshingCollateral collateral =
        RefreshingCollateral.start(
            counting,
            ALL_GENUINE,
            Optional.empty(),
            () -> START.plus(Duration.ofHours(hours.incrementAndGet())),
            _ -> {})) {
      collateral.prefetch(FMSPC, CaType.PLATFORM, Duration.ofSeconds(20));
      answers.await();
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
