package org.cocoon.link.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.collateral.CollateralStanding;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedCollateral;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class CollateralFeedTest {
  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);

  @TempDir Path folder;
  private Path file;
  private SimulatedRoot root;
  private final BlockingQueue<CollateralStanding> changes = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> problems = new LinkedBlockingQueue<>();

  private final class Heard implements CollateralFeed.Listener {
    @Override
    public void changed(CollateralStanding standing) {
      changes.add(standing);
    }

    @Override
    public void problem(String sentence, Optional<Instant> heldUntil) {
      problems.add(sentence + " " + heldUntil.map(Instant::toString).orElse("nothing"));
    }
  }

  @BeforeEach
  void prepare() throws IOException {
    file = folder.resolve("place/collateral.json");
    root = SimulatedRoot.in(folder.resolve("tee"), CLOCK);
  }

  private CollateralFeed open(Path place) throws IOException {
    return CollateralFeed.open(
        place.toString(), Optional.empty(), () -> Set.of(root.hash()), CLOCK, new Heard());
  }

  /** Good for so many days more. */
  private void put(int days) throws IOException {
    Instant issued = NOW.minus(Duration.ofDays(60 - days));
    Instant until = NOW.plus(Duration.ofDays(days));
    Files.createDirectories(file.getParent());
    Path fresh = folder.resolve("fresh");
    Files.write(fresh, new SimulatedCollateral(root, issued, until).make().toJson());
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private LinkIdentity identity() throws IOException {
    ImageMeasurement image = new ImageMeasurement("0a".repeat(48));
    try (SimulatedTee tee = SimulatedTee.start(folder.resolve("tee"), Role.WORKER, image, CLOCK)) {
      return LinkIdentity.create(Role.WORKER, new TsmReports(tee.reportsFolder()), CLOCK);
    }
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T taken = queue.poll(20, TimeUnit.SECONDS);
    assertNotNull(taken, "nothing came");
    return taken;
  }

  @Test
  void aFileThatIsReplacedIsInForceAtOnce() throws Exception {
    put(10);
    try (CollateralFeed feed = open(file)) {
      feed.prefetch(identity().platform());
      Instant first = NOW.plus(Duration.ofDays(10));
      assertEquals(Optional.of(first), next(changes).validUntil());
      for (int days : List.of(20, 21, 22)) {
        long version = feed.source().version();
        put(days);
        Instant end = NOW.plus(Duration.ofDays(days));
        assertEquals(Optional.of(end), next(changes).validUntil());
        assertTrue(feed.source().version() != version);
      }
      assertTrue(problems.isEmpty(), problems.toString());
    }
  }

  @Test
  void aFileThatGoesAwayIsToldOnceAndWhatIsHeldStays() throws Exception {
    put(10);
    try (CollateralFeed feed = open(file)) {
      feed.prefetch(identity().platform());
      CollateralStanding held = next(changes);
      Files.delete(file);
      String told = next(problems);
      assertTrue(told.contains(file.getFileName().toString()), told);
      assertTrue(told.endsWith(" " + held.validUntil().orElseThrow()), told);
      put(20);
      next(changes);
      Files.delete(file);
      put(30);
      next(changes);
      assertTrue(problems.isEmpty(), "the same problem within the hour");
      assertTrue(feed.source().collateral(held.family().fmspc(), held.family().ca()).isPresent());
    }
  }

  @Test
  void withoutAPlaceThereIsNoneAndAWrongPlaceIsSaid() throws IOException {
    try (CollateralFeed none =
        CollateralFeed.open(null, Optional.empty(), Set::of, CLOCK, new Heard())) {
      assertFalse(none.given());
      none.prefetch(identity().platform());
      assertTrue(problems.isEmpty());
    }
    IOException wrong = assertThrows(IOException.class, () -> open(folder.resolve("nowhere")));
    assertTrue(wrong.toString().contains("nowhere is neither"), wrong.toString());
  }
}
