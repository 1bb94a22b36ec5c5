package org.cocoon.router.ledger;

import static org.cocoon.router.ledger.TestRouter.usage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A spool and a database that do not fit together are told apart from those that do. */
class SpoolTest {
  @TempDir Path spools;
  private DatabaseUrl database;

  @BeforeEach
  void freshDatabase() throws Exception {
    database = TestPostgres.freshDatabase();
  }

  private LedgerOptions options(String folder) {
    return LedgerOptions.of(database, "a", spools.resolve(folder))
        .withLeaseChunk(new NanoTon(1_000));
  }

  /** Charges a little, and ends well or badly. */
  private void charge(String folder, boolean crash) throws Exception {
    TestRouter router = new TestRouter(options(folder));
    Account account = router.fundedAccount("alice", 100_000);
    Hold hold = router.hold(account, 100);
    router.with(l -> l.charge(hold, usage(70)));
    if (crash) {
      router.catchUp();
      router.crash();
    } else {
      router.close();
    }
  }

  private void assertRefused(LedgerOptions options, String... words) {
    LedgerException refusal =
        assertThrows(LedgerException.class, () -> new TestRouter(options).close());
    for (String word : words) {
      assertTrue(refusal.toString().contains(word), refusal.toString());
    }
  }

  @Test
  void refusesADatabaseThatWasRestoredFromAnOldBackup() throws Exception {
    charge("a", true);
    TestPostgres.execute(database, "CREATE TABLE backup AS SELECT * FROM spool_positions");
    charge("a", true);
    TestPostgres.execute(
        database,
        "UPDATE spool_positions p SET applied = b.applied FROM backup b"
            + " WHERE b.router_id = p.router_id");
    assertRefused(options("a"), "old backup", "Restore a newer state", "abandon-spool");
    TestPostgres.execute(database, "DELETE FROM spool_positions");
    assertRefused(options("a"), "old backup");
  }

  @Test
  void refusesAFolderThatWasSetBack() throws Exception {
    charge("a", true);
    copy(spools.resolve("a"), spools.resolve("copy"));
    charge("a", true);
    assertRefused(options("copy"), "older than the database");
  }

  @Test
  void refusesAnotherFolderUntilTheFirstIsGivenUpOrEmpty() throws Exception {
    charge("a", true);
    assertRefused(options("b"), "another spool", "abandon-spool");
    assertTrue(LedgerCheck.abandonSpool(database, "a"));
    charge("c", false); // ends well: the spool is empty, and any folder will do
    charge("d", false);
    assertRefused(options("c"), "another spool");
  }

  @Test
  void refusesTheSpoolOfAnotherRouterOrDatabase() throws Exception {
    charge("a", false);
    LedgerOptions other = LedgerOptions.of(database, "other", spools.resolve("a"));
    assertRefused(other, "belongs to router 'a'");
    freshDatabase();
    assertRefused(options("a"), "another database");
  }

  @Test
  void givesUpNoSpoolOfARouterThatRuns() throws Exception {
    try (TestRouter router = new TestRouter(options("a"))) {
      router.fundedAccount("alice", 1);
      IOException refusal =
          assertThrows(IOException.class, () -> LedgerCheck.abandonSpool(database, "a"));
      assertTrue(refusal.toString().contains("stop it first"), refusal.toString());
    }
  }

  /** The same bytes from memory, from the spool and from the database; and after a replay. */
  @Test
  void receiptIsTheSameWhereverItLies() throws Exception {
    TestRouter router = new TestRouter(options("a").withSettlement(TestRouter.SETTLEMENT));
    Account account = router.fundedAccount("alice", 100_000);
    List<Hold> holds = List.of(router.hold(account, 80), router.hold(account, 90));
    TestPostgres.stop();
    List<Receipt> issued;
    try {
      issued =
          List.of(
              router.with(l -> l.charge(holds.get(0), usage(70))),
              router.with(l -> l.charge(holds.get(1), usage(1))));
      for (int i = 0; i < 2; i++) {
        Hold hold = holds.get(i);
        assertEquals(issued.get(i), router.with(l -> l.receipt(account, hold.requestId())));
        assertEquals(issued.get(i), router.with(l -> l.charge(hold, usage(70))), "asked again");
      }
      router.crash();
    } finally {
      TestPostgres.startAgain();
    }
    assertEquals(0, TestPostgres.number(database, "SELECT count(*) FROM usage"));
    try (TestRouter next = new TestRouter(options("a").withSettlement(TestRouter.SETTLEMENT))) {
      for (int i = 0; i < 2; i++) {
        Hold hold = holds.get(i);
        Receipt stored = next.with(l -> l.receipt(account, hold.requestId()));
        assertNotNull(stored);
        assertEquals(issued.get(i), stored);
        assertTrue(stored.verify());
      }
      assertEquals(new NanoTon(99_929), next.with(l -> l.accounts().balance(account)));
    }
    assertEquals(0, TestPostgres.number(database, "SELECT count(*) FROM audit()"));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
