package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** One folder serves all these tests, beside that of {@link TestPostgres}. */
class LocalPostgresTest {
  private static final Path FOLDER = Path.of("target", "local-postgres");

  @Test
  void keepsItsDataAndItsPasswordToItself() throws Exception {
    DatabaseUrl url;
    try (LocalPostgres postgres = LocalPostgres.start(FOLDER, 0)) {
      url = postgres.url();
      TestPostgres.execute(url, "CREATE TABLE IF NOT EXISTS kept (n int)");
      long rows = TestPostgres.number(url, "SELECT count(*) FROM kept");
      TestPostgres.execute(url, "INSERT INTO kept VALUES (1)");
      assertEquals(rows + 1, TestPostgres.number(url, "SELECT count(*) FROM kept"));
      for (String setting : List.of("fsync", "full_page_writes", "synchronous_commit")) {
        assertEquals(
            1,
            TestPostgres.number(url, "SELECT (current_setting('" + setting + "') = 'on')::int"),
            setting);
      }
      assertThrows(
          SQLException.class,
          () -> DriverManager.getConnection(url.jdbcUrl(), url.user(), "wrong").close());
      assertThrows(IOException.class, () -> LocalPostgres.start(FOLDER, 0), "two on one folder");
    }
    assertThrows(SQLException.class, () -> TestPostgres.number(url, "SELECT 1"), "it is stopped");
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(FOLDER.resolve("password"))));
    try (LocalPostgres again = LocalPostgres.start(FOLDER, url.port())) {
      assertEquals(url, again.url());
      assertTrue(TestPostgres.number(again.url(), "SELECT count(*) FROM kept") > 0);
    }
  }

  @Test
  void startsOnWhatAKilledRouterLeft() throws Exception {
    ProcessHandle orphan = serverOfAKilledRouter();
    try (LocalPostgres next = LocalPostgres.start(FOLDER, 0)) {
      assertFalse(orphan.isAlive());
      assertEquals(1, TestPostgres.number(next.url(), "SELECT count(*) FROM survivors"));
      TestPostgres.execute(next.url(), "DROP TABLE survivors");
    }
  }

  /** Even if nobody starts again. */
  @Test
  void doesNotOutliveAKilledRouter() throws Exception {
    serverOfAKilledRouter().onExit().get(10, TimeUnit.SECONDS);
  }

  @Test
  void startsAgainWhenTheServerItselfIsKilled() throws Exception {
    try (LocalPostgres postgres = LocalPostgres.start(FOLDER, 0)) {
      TestPostgres.execute(postgres.url(), "CREATE TABLE IF NOT EXISTS killed (n int)");
      ProcessHandle first = postgres.process();
      first.destroyForcibly();
      first.onExit().get(10, TimeUnit.SECONDS);
      assertEquals(0, awaitNumber(postgres.url(), "SELECT count(*) FROM killed"));
      assertNotEquals(first.pid(), postgres.process().pid());
    }
  }

  @Test
  void startsWhereThePidFileNamesAnotherProgram() throws Exception {
    LocalPostgres.start(FOLDER, 0).close();
    Files.writeString(
        FOLDER.resolve("data").resolve("postmaster.pid"),
        ProcessHandle.current().pid() + "\n" + FOLDER.toAbsolutePath().resolve("data") + "\n");
    try (LocalPostgres postgres = LocalPostgres.start(FOLDER, 0)) {
      assertEquals(1, TestPostgres.number(postgres.url(), "SELECT 1"));
    }
  }

  @Test
  void saysWhyItDoesNotStart() throws Exception {
    int taken = TestPostgres.freshDatabase().port();
    IOException refusal = assertThrows(IOException.class, () -> LocalPostgres.start(FOLDER, taken));
    assertTrue(refusal.toString().contains("Address already in use"), refusal.toString());
    LocalPostgres.start(FOLDER, 0).close();
  }

  /** Asks until there is an answer, for 20 s. */
  private static long awaitNumber(DatabaseUrl url, String sql) throws SQLException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        return TestPostgres.number(url, sql);
      } catch (SQLException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  private static ProcessHandle serverOfAKilledRouter() throws Exception {
    Process router =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Router.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader output = router.inputReader()) {
      String line = output.readLine();
      while (line != null && !line.startsWith(Router.COMMITTED)) { // log lines come first
        line = output.readLine();
      }
      assertNotNull(line, "the router ended without a word");
      return ProcessHandle.of(Long.parseLong(line.substring(Router.COMMITTED.length())))
          .orElseThrow();
    } finally {
      router.destroyForcibly().waitFor();
    }
  }

  /** A process with a server, to be killed. */
  static final class Router {
    private static final String COMMITTED = "committed by the server with pid ";

    public static void main(String[] arguments) throws Exception {
      try (LocalPostgres postgres = LocalPostgres.start(FOLDER, 0)) {
        TestPostgres.execute(
            postgres.url(),
            "CREATE TABLE IF NOT EXISTS survivors (n int); TRUNCATE survivors;"
                + " INSERT INTO survivors VALUES (1)");
        System.out.println(COMMITTED + postgres.process().pid());
        postgres.process().onExit().join();
      }
    }
  }
}
