package org.cocoon.router.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.sealing.CounterConflictException;
import org.cocoon.link.sealing.MonotonicCounter.Count;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedgerCounterTest {
  private static final int RACES = 200;
  private DatabaseUrl url;
  private Counting counting;

  /** A counter on an event loop of its own. */
  private record Counting(Vertx vertx, LedgerCounter counter) implements AutoCloseable {
    static Counting open(DatabaseUrl url, String node) {
      Vertx vertx = Vertx.vertx();
      LedgerOptions options = LedgerOptions.of(url, node, Path.of("unused"));
      Context context = vertx.getOrCreateContext();
      Database database = new Database(vertx, options);
      return new Counting(vertx, new LedgerCounter(context, database, node, options.callTimeout()));
    }

    @Override
    public void close() {
      try {
        TestRouter.await(vertx.close()); // and the connections with it
      } catch (Exception e) {
        throw new AssertionError("Vert.x does not close", e);
      }
    }
  }

  @BeforeEach
  void open() throws Exception {
    url = TestPostgres.freshDatabase();
    Migrations.apply(url);
    counting = Counting.open(url, "router-1");
  }

  @AfterEach
  void close() {
    counting.close();
  }

  @Test
  void keepsCountAndDigestForEachNodeAndName() throws Exception {
    LedgerCounter counter = counting.counter();
    assertEquals(0, counter.current("a").value());
    counter.advance("a", 0, count(1, "first"));
    counter.advance("a", 1, count(4, "fourth"));
    assertEquals(4, counter.current("a").value());
    assertArrayEquals(digest("fourth"), counter.current("a").digest());
    assertEquals(0, counter.current("b").value());
    try (Counting other = Counting.open(url, "router-2")) {
      assertEquals(0, other.counter().current("a").value());
      other.counter().advance("a", 0, count(1, "other"));
    }
    assertEquals(4, counter.current("a").value());
  }

  @Test
  void refusesWhoBelievesAnotherValue() throws Exception {
    LedgerCounter counter = counting.counter();
    assertThrows(CounterConflictException.class, () -> counter.advance("a", 1, count(2, "x")));
    counter.advance("a", 0, count(2, "second"));
    assertThrows(CounterConflictException.class, () -> counter.advance("a", 0, count(3, "x")));
    assertThrows(CounterConflictException.class, () -> counter.advance("a", 1, count(3, "x")));
    assertThrows(
        IllegalArgumentException.class, () -> counter.advance("a", 2, count(2, "another")));
    assertArrayEquals(digest("second"), counter.current("a").digest());
  }

  /** Not even by hand. */
  @Test
  void theDatabaseItselfLetsCountersOnlyGoUp() throws Exception {
    counting.counter().advance("a", 0, count(3, "third"));
    for (String sql :
        List.of(
            "UPDATE sealed_counters SET value = 2",
            "UPDATE sealed_counters SET digest = sha256('other')",
            "UPDATE sealed_counters SET node = 'another', value = 9",
            "DELETE FROM sealed_counters",
            "TRUNCATE sealed_counters")) {
      SQLException refused =
          assertThrows(SQLException.class, () -> TestPostgres.execute(url, sql), sql);
      assertTrue(refused.toString().contains("only go up"), refused.toString());
    }
    assertEquals(3, counting.counter().current("a").value());
  }

  @Test
  void saysThatTheDatabaseIsAway() throws Exception {
    counting.counter().current("a");
    TestPostgres.stop();
    try {
      assertThrows(IOException.class, () -> counting.counter().current("a"));
      assertThrows(IOException.class, () -> counting.counter().advance("a", 0, count(1, "first")));
    } finally {
      TestPostgres.startAgain();
    }
  }

  @Test
  void isNotForAnEventLoop() {
    Promise<Count> asked = Promise.promise();
    counting
        .vertx()
        .runOnContext(
            _ -> {
              try {
                asked.complete(counting.counter().current("a"));
              } catch (IOException | IllegalStateException e) {
                asked.fail(e);
              }
            });
    assertThrows(IllegalStateException.class, () -> TestRouter.await(asked.future()));
  }

  /** Each process moves the counter as often as it can: no value is moved to twice. */
  @Test
  void ofTwoProcessesThatRaceOneWinsEachValue() throws Exception {
    List<Process> racers = new ArrayList<>();
    for (String name : List.of("one", "two")) {
      racers.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx128m",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Racer.class.getName(),
                  url.host(),
                  String.valueOf(url.port()),
                  url.database(),
                  url.user(),
                  url.password(),
                  name)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    }
    Set<Long> won = new TreeSet<>();
    int wins = 0;
    int lost = 0;
    for (Process racer : racers) {
      for (String line : racer.inputReader().lines().toList()) {
        if (line.startsWith(Racer.WON)) {
          won.add(Long.valueOf(line.substring(Racer.WON.length())));
          wins++;
        } else if (line.equals(Racer.LOST)) {
          lost++;
        }
      }
      assertTrue(racer.waitFor(30, TimeUnit.SECONDS));
      assertEquals(0, racer.exitValue());
    }
    assertEquals(RACES, wins, "won by one of the two each");
    assertEquals(RACES, won.size(), "no value twice");
    assertEquals(
        RACES, TestPostgres.number(url, "SELECT value FROM sealed_counters WHERE name = 'race'"));
    assertTrue(lost > 0, "they never raced");
  }

  /** Moves one counter until it is at {@link #RACES}, and prints each value that it won. */
  static final class Racer {
    static final String WON = "won ";
    static final String LOST = "lost";

    private Racer() {}

    public static void main(String[] args) throws Exception {
      DatabaseUrl url =
          new DatabaseUrl(args[0], Integer.parseInt(args[1]), args[2], args[3], args[4]);
      try (Counting counting = Counting.open(url, "racers")) {
        LedgerCounter counter = counting.counter();
        // Both begin when both are there.
        meet(counter, "ready-" + args[5], args[5].equals("one") ? "ready-two" : "ready-one");
        for (long value = 0; value < RACES; value = counter.current("race").value()) {
          try {
            counter.advance("race", value, count(value + 1, args[5] + value));
            System.out.println(WON + (value + 1));
          } catch (CounterConflictException e) {
            System.out.println(LOST);
          }
        }
      }
    }

    private static void meet(LedgerCounter counter, String mine, String other) throws IOException {
      counter.advance(mine, 0, count(1, mine));
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (counter.current(other).value() == 0) {
        if (System.nanoTime() - until > 0) {
          throw new IOException("the other racer did not come");
        }
      }
    }
  }

  private static Count count(long value, String content) {
    return new Count(value, digest(content));
  }

  private static byte[] digest(String content) {
    return Digests.sha256(content.getBytes(UTF_8));
  }
}
