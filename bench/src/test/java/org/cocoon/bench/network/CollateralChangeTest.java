package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedCollateral;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the maker says of platforms changes while answers are on their way. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class CollateralChangeTest {
  /** The promise is a second, and each run prints its figure; a busy machine may take longer. */
  private static final int PATIENCE_MILLIS = 5_000;

  private static final int STREAMS = 64;
  private static final int TOKENS = 300;

  @TempDir Path folder;
  private Path collateral;
  private SimulatedRoot root;
  private TestNetwork network;
  private ExecutorService threads;
  private final AtomicInteger begun = new AtomicInteger();

  @BeforeEach
  void start() throws Exception {
    collateral = folder.resolve("collateral.json");
    root = SimulatedRoot.in(folder.resolve("tee"), InstantSource.system());
    put(
        new SimulatedCollateral(
            root,
            Instant.now().minus(Duration.ofHours(1)),
            Instant.now().plus(Duration.ofDays(30))));
    network = TestNetwork.withCollateral(folder, collateral);
    threads = Executors.newVirtualThreadPerTaskExecutor();
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    network.close();
  }

  /** What is published from now on, good unless it is changed. */
  private SimulatedCollateral published(Instant until) {
    return new SimulatedCollateral(root, Instant.now(), until);
  }

  private SimulatedCollateral published() {
    return published(Instant.now().plus(Duration.ofDays(30)));
  }

  private void put(SimulatedCollateral made) throws IOException {
    Path fresh = folder.resolve("collateral.new");
    Files.write(fresh, made.make().toJson());
    Files.move(
        fresh, collateral, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String prompt(int stream) {
    return "stream number " + stream;
  }

  private List<Future<SseAnswer>> askAll() {
    List<Future<SseAnswer>> running = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      String body = SseAnswer.body(prompt(i), TOKENS);
      running.add(
          threads.submit(
              () ->
                  SseAnswer.ask(
                      network,
                      body,
                      chunks -> {
                        if (chunks == 10) {
                          begun.incrementAndGet();
                        }
                      })));
    }
    network.await("all streams run", () -> begun.get() == STREAMS);
    return running;
  }

  private List<JsonObject> workers() {
    return new JsonObject(network.network())
        .getJsonArray("workers").stream().map(JsonObject.class::cast).toList();
  }

  private boolean attached(String name) {
    return workers().stream().anyMatch(worker -> worker.getString("name").equals(name));
  }

  private long query(String sql) {
    try {
      return network.query(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean logSays(String name, String words) {
    try {
      return network.log(name).contains(words);
    } catch (IOException e) {
      return false;
    }
  }

  /** How many tokens of the one right answer a client has; nothing else may be in it. */
  private static int delivered(int stream, SseAnswer answer) {
    for (int tokens = 0; tokens <= TOKENS; tokens++) {
      if (SseAnswer.expected(prompt(stream), tokens).equals(answer.text())) {
        return tokens;
      }
    }
    throw new AssertionError("not the beginning of the right answer: " + answer.text());
  }

  /** All end with the error that the documentation names, and cost what was delivered. */
  private void assertBrokenOffAndCharged(List<Future<SseAnswer>> running) throws Exception {
    long tokens = 0;
    for (int i = 0; i < running.size(); i++) {
      SseAnswer answer = running.get(i).get();
      JsonObject error = answer.error();
      assertNotNull(error, "stream " + i);
      assertEquals("worker_failed", error.getString("code"));
      tokens += delivered(i, answer);
    }
    assertTrue(tokens >= 10L * STREAMS && tokens < (long) TOKENS * STREAMS, tokens + " tokens");
    network.await("every charge is durable", () -> query("SELECT count(*) FROM usage") == STREAMS);
    assertEquals(tokens, query("SELECT sum(completion_tokens) FROM usage"));
    System.out.println(tokens + " tokens delivered and charged in " + STREAMS + " streams");
  }

  @Test
  void aPlatformThatIsRevokedLosesItsLinkWithinASecondAndNoStreamIsHurt() throws Exception {
    try (SimulatedTee tee =
        SimulatedTee.start(
            folder.resolve("tee"), Role.WORKER, ImageMeasurement.ofRunningProgram())) {
      network.worker("w1", "--fake-rate", "50", "--slots", "64");
      network.launchReal(
          "w2", "--tee", tee.reportsFolder().toString(), "--fake-rate", "50", "--slots", "64");
      network.await("w2 attaches", () -> attached("w2"));
      workers().forEach(worker -> assertEquals("UpToDate", worker.getString("tcb_status")));
      List<Future<SseAnswer>> running = askAll();

      long written = System.nanoTime();
      put(published().revokePlatform(tee.platformSerial()));
      network.await("its link ends", () -> !attached("w2"));
      assertSoon(written, "link of a revoked platform ended");
      for (int i = 0; i < STREAMS; i++) {
        SseAnswer answer = running.get(i).get();
        assertNull(answer.error(), () -> "error " + answer.error());
        assertEquals(SseAnswer.expected(prompt(i), TOKENS), answer.text());
      }
      network.await(
          "every charge is durable", () -> query("SELECT count(*) FROM usage") == STREAMS);
      assertEquals(STREAMS * (long) TOKENS, query("SELECT sum(completion_tokens) FROM usage"));
      assertTrue(attached("w1"));
      network.await("w2 is refused from now on", () -> logSays("w2", "event=attach_failed"));
      assertFalse(attached("w2"));
    }
  }

  @Test
  void aLevelThatIsRevokedEndsEveryLinkWithinASecondAndOnlyWhatCameIsPaid() throws Exception {
    network.worker("w1", "--fake-rate", "20", "--slots", "64");
    List<Future<SseAnswer>> running = askAll();
    long written = System.nanoTime();
    put(published().platformStatus(TcbStatus.REVOKED, "INTEL-SA-00001"));
    network.await("its link ends", () -> !attached("w1"));
    assertSoon(written, "link of a revoked level ended");
    assertBrokenOffAndCharged(running);
    assertFalse(attached("w1"));
    assertTrue(logSays("w1", "event=own_evidence_refused") || logSays("w1", "event=attach_failed"));

    put(published());
    network.await("and is taken again once the maker says so", () -> attached("w1"));
  }

  @Test
  void collateralThatRunsOutTakesTheLinksWithIt() throws Exception {
    network.worker("w1", "--fake-rate", "20", "--slots", "64");
    List<Future<SseAnswer>> running = askAll();
    Instant ends = Instant.ofEpochSecond(Instant.now().getEpochSecond() + 5);
    put(published(ends));
    network.await("its link ends", () -> !attached("w1"));
    long millis = Duration.between(ends, Instant.now()).toMillis();
    System.out.println("link ended " + millis + " ms after its collateral did");
    assertTrue(millis >= 0 && millis < PATIENCE_MILLIS, millis + " ms");
    assertBrokenOffAndCharged(running);
  }

  @Test
  void aWorkerThatIsGivenNoCollateralTrustsNoRouterAndSaysWhatToDo() throws Exception {
    network.launchWithoutCollateral("w1");
    network.await("it refuses", () -> logSays("w1", "reason=COLLATERAL_MISSING"));
    assertTrue(logSays("w1", "event=collateral_not_given"), network.log("w1"));
    assertTrue(logSays("w1", "start with --collateral URL|FOLDER|FILE"), network.log("w1"));
    assertFalse(attached("w1"));
  }

  private static void assertSoon(long sinceNanos, String what) {
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
    System.out.println(what + " " + millis + " ms after the file was replaced, under 64 streams");
    assertTrue(millis < PATIENCE_MILLIS, millis + " ms");
  }
}
