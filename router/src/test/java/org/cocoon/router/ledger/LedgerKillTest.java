package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the router, PostgreSQL, or both, with SIGKILL, at random moments under full load.
 *
 * <p>{@code -Dcocoon.ledger.kills=200} for more; by default 20, or what a minute allows.
 */
class LedgerKillTest {
  private static final long DEPOSIT = 1_000_000_000_000L;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path spool;
  private DatabaseUrl database;
  private final Set<UUID> confirmed = new HashSet<>();
  private Process router;
  private Thread reader;

  @BeforeEach
  void begin() throws Exception {
    database = TestPostgres.freshDatabase();
    try (TestRouter first = new TestRouter(LedgerKillChild.options(database, spool))) {
      for (int i = 1; i <= LedgerKillChild.ACCOUNTS; i++) {
        assertEquals(i, first.fundedAccount("account " + i, DEPOSIT).id());
      }
    }
    start();
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void noConfirmedChargeIsLostOrDoubled() throws Exception {
    Integer asked = Integer.getInteger("cocoon.ledger.kills");
    int kills = asked == null ? 20 : asked;
    long until = asked == null ? System.nanoTime() + TimeUnit.SECONDS.toNanos(60) : Long.MAX_VALUE;
    long seed = Long.getLong("cocoon.ledger.seed", System.nanoTime());
    Random random = new Random(seed);
    int[] done = new int[3];
    try {
      for (int kill = 0; kill < kills && (kill < 3 || System.nanoTime() < until); kill++) {
        await(confirmedNow() + 1 + random.nextInt(2_000));
        int what = kill < 3 ? kill : random.nextInt(3);
        done[what]++;
        if (what != 0) {
          TestPostgres.kill();
        }
        if (what != 1) {
          stop();
          start();
        }
      }
      await(confirmedNow() + 1);
    } finally {
      stop();
    }
    System.out.printf(
        "killed the router %d times, PostgreSQL %d times, both %d times; %d charges confirmed%n",
        done[0], done[1], done[2], confirmed.size());
    check("seed " + seed);
  }

  private void check(String what) throws Exception {
    // The last kill may have been PostgreSQL's, and a charge is confirmed without it.
    TestPostgres.stop();
    TestPostgres.startAgain();
    try (TestRouter last = new TestRouter(LedgerKillChild.options(database, spool))) {
      last.catchUp(); // open() has replayed the spool
    }
    Set<UUID> booked = new HashSet<>();
    long[] spent = new long[LedgerKillChild.ACCOUNTS + 1];
    try (Connection connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("SELECT request_id, cost_nanoton, account_id FROM usage")) {
      while (rows.next()) {
        UUID request = rows.getObject(1, UUID.class);
        assertTrue(booked.add(request), "charged twice, " + what);
        assertEquals(LedgerKillChild.costOf(request), rows.getLong(2), what);
        spent[rows.getInt(3)] += rows.getLong(2);
      }
    }
    Set<UUID> lost = new HashSet<>(confirmed);
    lost.removeAll(booked);
    assertEquals(Set.of(), lost, "confirmed, and not booked, " + what);
    for (int i = 1; i <= LedgerKillChild.ACCOUNTS; i++) {
      assertEquals(
          DEPOSIT - spent[i], number("SELECT balance_nanoton FROM accounts WHERE id = " + i), what);
    }
    assertEquals(0, number("SELECT count(*) FROM unbooked_charges"), what);
    assertEquals(0, number("SELECT count(*) FROM audit()"), what);
    assertEquals(0, number("SELECT sum(leased_nanoton) FROM accounts"), what);
    assertEquals(1, number("SELECT clean::int FROM spool_positions"), what);
  }

  private long number(String sql) throws SQLException {
    return TestPostgres.number(database, sql);
  }

  private void start() throws IOException {
    router =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                LedgerKillChild.class.getName(),
                url(),
                spool.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader lines = router.inputReader();
    reader = Thread.ofVirtual().start(() -> read(lines));
  }

  private String url() {
    return "postgresql://%s:%s@%s:%d/%s"
        .formatted(
            database.user(),
            database.password(),
            database.host(),
            database.port(),
            database.database());
  }

  private void read(BufferedReader lines) {
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.length() == 36) { // a line that the kill cut was not told
          synchronized (confirmed) {
            confirmed.add(UUID.fromString(line));
            confirmed.notifyAll();
          }
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void stop() throws InterruptedException {
    router.toHandle().destroyForcibly(); // Process.destroyForcibly() would close the pipe
    router.waitFor();
    reader.join(); // all that it had told
  }

  private int confirmedNow() {
    synchronized (confirmed) {
      return confirmed.size();
    }
  }

  /** Waits for confirmed charges; a router that found no database yet is started again. */
  private void await(int count) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (confirmedNow() < count) {
      assertTrue(System.nanoTime() < until, "no charge is confirmed any more");
      if (!router.isAlive()) {
        assertEquals(LedgerKillChild.NOT_OPENED, router.exitValue());
        stop();
        start();
      }
      synchronized (confirmed) {
        if (confirmed.size() < count) {
          confirmed.wait(TimeUnit.SECONDS.toMillis(1));
        }
      }
    }
  }
}
