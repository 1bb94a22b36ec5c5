package org.cocoon.router.ledger;

import static org.cocoon.router.ledger.TestRouter.await;
import static org.cocoon.router.ledger.TestRouter.usage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PostgresLedgerTest {
  private DatabaseUrl database;

  @BeforeEach
  void freshDatabase() throws Exception {
    database = TestPostgres.freshDatabase();
  }

  private LedgerOptions options(String routerId, long leaseChunk) {
    return LedgerOptions.of(database, routerId).withLeaseChunk(new NanoTon(leaseChunk));
  }

  private long scalar(String sql) throws Exception {
    return TestPostgres.number(database, sql);
  }

  private void assertBooksAgree() throws Exception {
    assertEquals(0, scalar("SELECT count(*) FROM audit()"), "accounts whose books do not agree");
  }

  @Test
  void chargesOnceHoweverOftenItIsAsked() throws Exception {
    Hold hold;
    Receipt first;
    Account account;
    try (TestRouter router = new TestRouter(options("a", 1_000))) {
      account = router.fundedAccount("alice", 10_000);
      hold = router.hold(account, 700);
      List<Receipt> receipts =
          router.call(
              () -> {
                List<Future<Receipt>> charges = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                  charges.add(router.ledger.charge(hold, usage(300)));
                }
                return Future.join(charges).map(all -> all.<Receipt>list());
              });
      first = receipts.getFirst();
      assertEquals(Set.of(first), new HashSet<>(receipts));
      assertTrue(first.verify());
      assertEquals(first, router.with(l -> l.charge(hold, usage(300))), "charged again later");
      assertEquals(first, router.with(l -> l.receipt(account, hold.requestId())));
      router.with(
          l -> {
            l.release(hold);
            return Future.succeededFuture();
          });
    }
    // The same request id, held and charged again by a router that knows nothing of it.
    try (TestRouter other = new TestRouter(options("b", 1_000))) {
      other.with(l -> l.hold(account, hold.requestId(), new NanoTon(700)));
      assertEquals(first, other.with(l -> l.charge(hold, usage(600))));
      // The hold is free again: the whole balance can be held.
      other.hold(account, 9_700);
    }
    assertEquals(1, scalar("SELECT count(*) FROM usage"));
    assertEquals(9_700, scalar("SELECT balance_nanoton FROM accounts"));
    assertBooksAgree();
  }

  @Test
  void losesAndDoublesNothingWhilePostgresStopsAndStarts() throws Exception {
    int charges = 2_000;
    try (TestRouter router = new TestRouter(options("a", 3_000_000).withMaxBatch(25))) {
      Account account = router.fundedAccount("alice", 1_000_000_000);
      String key = router.with(l -> l.accounts().issueKey(account));
      router.with(l -> l.authenticate(key));
      List<Hold> holds = new ArrayList<>();
      for (int i = 0; i < charges; i++) {
        holds.add(router.hold(account, 1_000));
      }
      List<Future<Receipt>> receipts = Collections.synchronizedList(new ArrayList<>());
      for (Hold hold : holds) {
        receipts.add(router.submit(() -> router.ledger.charge(hold, usage(777))));
      }
      await(receipts.get(100)); // some are durable, most are not
      TestPostgres.stop();
      assertTrue(
          receipts.stream().anyMatch(r -> !r.isComplete()), "it stopped before all were charged");
      assertFalse(receipts.stream().anyMatch(Future::failed));
      assertOnlyNewCreditStops(router, account, key);
      TestPostgres.startAgain();
      await(Future.join(receipts));
      for (int i = 0; i < charges; i++) {
        assertEquals(holds.get(i).requestId(), receipts.get(i).result().terms().requestId());
      }
      assertEquals(charges, scalar("SELECT count(*) FROM usage"));
      assertEquals(1_000_000_000 - charges * 777L, scalar("SELECT balance_nanoton FROM accounts"));
      assertBooksAgree();
      router.with(l -> l.receipt(account, UUID.randomUUID()));
      assertTrue(router.ledger.available());
      // What was held and not charged is free again, and holds work as before.
      router.hold(account, 1_000_000_000 - charges * 777L);
    }
    assertEquals(0, scalar("SELECT sum(leased_nanoton) FROM accounts"));
  }

  /** With the database away: known keys and leased credit go on, and the health check sees it. */
  private static void assertOnlyNewCreditStops(TestRouter router, Account account, String key)
      throws Exception {
    router.nanos.addAndGet(Duration.ofSeconds(31).toNanos());
    assertEquals(new Ledger.Authentication.Known(account), router.with(l -> l.authenticate(key)));
    assertThrows(
        LedgerException.class, () -> router.with(l -> l.authenticate("ck_" + "A".repeat(43))));
    Hold hold = router.hold(account, 5);
    router.with(
        l -> {
          l.release(hold);
          return Future.succeededFuture();
        });
    assertEquals(
        new HoldOutcome.Unavailable(),
        router.with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(100_000_000))));
    assertFalse(router.ledger.available());
  }

  @Test
  void concurrentHoldsNeverExceedTheBalance() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 150))) {
      Account account = router.fundedAccount("alice", 10_000);
      List<HoldOutcome> outcomes =
          router.call(
              () -> {
                List<Future<HoldOutcome>> holds = new ArrayList<>();
                for (int i = 0; i < 300; i++) {
                  holds.add(router.ledger.hold(account, UUID.randomUUID(), new NanoTon(70)));
                }
                return Future.join(holds).map(all -> all.<HoldOutcome>list());
              });
      assertEquals(
          10_000 / 70, outcomes.stream().filter(HoldOutcome.Held.class::isInstance).count());
      assertEquals(new HoldOutcome.Insufficient(new NanoTon(70 - 10_000 % 70)), outcomes.getLast());
      // A release makes room for exactly one more.
      HoldOutcome.Held first = (HoldOutcome.Held) outcomes.getFirst();
      router.with(
          l -> {
            l.release(first.hold());
            l.release(first.hold());
            return Future.succeededFuture();
          });
      router.hold(account, 70);
      assertEquals(
          new HoldOutcome.Insufficient(new NanoTon(10)),
          router.with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(70))));
    }
  }

  @Test
  void leaseOfACrashedRouterReturnsWhenItStartsAgain() throws Exception {
    TestRouter crashed = new TestRouter(options("a", 10_000));
    Account account = crashed.fundedAccount("alice", 10_000);
    crashed.hold(account, 1);
    crashed.crash();
    try (TestRouter other = new TestRouter(options("b", 10_000))) {
      assertEquals(
          new HoldOutcome.Insufficient(new NanoTon(5)),
          other.with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(5))));
      try (TestRouter again = new TestRouter(options("a", 100))) {
        again.hold(account, 100);
        other.hold(account, 9_900);
      }
    }
    assertEquals(0, scalar("SELECT leased_nanoton FROM accounts"));
    assertBooksAgree();
  }

  @Test
  void idleLeaseIsGivenBackForOtherRouters() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 10_000));
        TestRouter other = new TestRouter(options("b", 10_000))) {
      Account account = router.fundedAccount("alice", 10_000);
      Hold hold = router.hold(account, 100);
      router.with(l -> l.charge(hold, usage(100)));
      assertEquals(9_900, scalar("SELECT leased_nanoton FROM accounts"));
      router.nanos.addAndGet(Duration.ofHours(1).toNanos());
      HoldOutcome outcome;
      do { // until the ledger's own timer has run
        outcome = other.with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(9_900)));
      } while (!(outcome instanceof HoldOutcome.Held));
    }
    assertBooksAgree();
  }

  @Test
  void twoRoutersOnOneDatabaseAgreeAndDoNotDeadlock() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long accounts = 8;
    int rounds = 20;
    try (TestRouter a = new TestRouter(options("a", 2_000));
        TestRouter b = new TestRouter(options("b", 3_000))) {
      List<Account> all = new ArrayList<>();
      for (int i = 0; i < accounts; i++) {
        all.add(a.fundedAccount("account " + i, 1_000_000));
      }
      long spent = 0;
      List<Future<List<Receipt>>> running = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        Collections.shuffle(all, random);
        for (Account account : all) {
          for (TestRouter router : List.of(a, b)) {
            List<Long> costs = random.longs(10, 0, 500).boxed().toList();
            spent += costs.stream().mapToLong(Long::longValue).sum();
            running.add(router.chargeAll(account, costs));
          }
        }
      }
      await(Future.join(running));
      assertEquals(accounts * rounds * 20, scalar("SELECT count(*) FROM usage"), "seed " + seed);
      assertEquals(
          accounts * 1_000_000 - spent,
          scalar("SELECT sum(balance_nanoton) FROM accounts"),
          "seed " + seed);
      assertEquals(0, a.metrics.counter("ledger.retries").count(), "retries of a, seed " + seed);
      assertEquals(0, b.metrics.counter("ledger.retries").count(), "retries of b, seed " + seed);
      assertBooksAgree();
    }
  }

  @Test
  void oneRefusedChargeDoesNotHoldUpTheOthers() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 1_000))) {
      Account alice = router.fundedAccount("alice", 10_000);
      Account bob = router.fundedAccount("bob", 10_000);
      Hold first = router.hold(bob, 10);
      Hold ofAlice = router.hold(alice, 10);
      Hold ofBob = router.hold(bob, 10);
      TestPostgres.execute(database, "SELECT return_credit('a', " + alice.id() + ")");
      List<Future<Receipt>> receipts =
          List.of(
              router.submit(() -> router.ledger.charge(first, usage(1))),
              router.submit(() -> router.ledger.charge(ofAlice, usage(10))),
              router.submit(() -> router.ledger.charge(ofBob, usage(10))));
      await(receipts.getFirst());
      await(receipts.getLast());
      assertThrows(LedgerException.class, () -> await(receipts.get(1)));
      assertEquals(2, scalar("SELECT count(*) FROM usage"));
      assertBooksAgree();
    }
  }

  @Test
  void keysAreKnownUntilRevokedAndGuessesAreNot() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 1_000));
        TestRouter other = new TestRouter(options("b", 1_000))) {
      Account account = router.fundedAccount("alice", 1);
      String key = router.with(l -> l.accounts().issueKey(account));
      assertEquals(new Ledger.Authentication.Known(account), router.with(l -> l.authenticate(key)));
      assertEquals(new Ledger.Authentication.Known(account), other.with(l -> l.authenticate(key)));
      String guess = "ck_" + "A".repeat(43);
      for (String wrong : List.of(guess, guess, "", "ck_", key + "A", key.substring(1))) {
        assertEquals(new Ledger.Authentication.Unknown(), router.with(l -> l.authenticate(wrong)));
      }
      assertEquals(0, scalar("SELECT count(*) FROM api_keys WHERE hash::text LIKE '%ck_%'"));

      assertEquals(true, router.with(l -> l.accounts().revokeKey(key)));
      assertEquals(false, router.with(l -> l.accounts().revokeKey(key)));
      assertEquals(new Ledger.Authentication.Unknown(), router.with(l -> l.authenticate(key)));
      // The other router believes what it knows, for a while.
      other.nanos.addAndGet(Duration.ofSeconds(29).toNanos());
      assertEquals(new Ledger.Authentication.Known(account), other.with(l -> l.authenticate(key)));
      other.nanos.addAndGet(Duration.ofSeconds(2).toNanos());
      assertEquals(new Ledger.Authentication.Unknown(), other.with(l -> l.authenticate(key)));
    }
  }

  @Test
  void depositsCountOnceAndReceiptsBelongToTheirAccount() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 1_000))) {
      Account alice = router.fundedAccount("alice", 500);
      Account bob = router.fundedAccount("bob", 500);
      assertEquals(alice, router.with(l -> l.accounts().open("alice")));
      assertEquals(
          false,
          router.with(l -> l.accounts().deposit(alice, "deposit to alice", new NanoTon(500))));
      assertEquals(new NanoTon(500), router.with(l -> l.accounts().balance(alice)));
      Hold hold = router.hold(alice, 400);
      Receipt receipt = router.with(l -> l.charge(hold, usage(0)));
      assertEquals(alice.id(), receipt.terms().accountId());
      assertNotNull(router.with(l -> l.receipt(alice, hold.requestId())));
      assertNull(router.with(l -> l.receipt(bob, hold.requestId())));
      // Nobody charges another account by using its request id.
      Hold stolen =
          assertInstanceOf(
                  HoldOutcome.Held.class,
                  router.with(l -> l.hold(bob, hold.requestId(), new NanoTon(100))))
              .hold();
      assertThrows(LedgerException.class, () -> router.with(l -> l.charge(stolen, usage(9))));
      assertBooksAgree();
    }
  }

  @Test
  void databaseRefusesBooksThatDoNotAgree() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 100))) {
      Account account = router.fundedAccount("alice", 1_000);
      Hold hold = router.hold(account, 100);
      router.with(l -> l.charge(hold, usage(50)));
      for (String sql :
          List.of(
              "UPDATE usage SET cost_nanoton = 0",
              "DELETE FROM usage",
              "TRUNCATE usage",
              "UPDATE deposits SET amount_nanoton = 5",
              "DELETE FROM deposits",
              "TRUNCATE deposits",
              "UPDATE accounts SET balance_nanoton = 5000",
              "INSERT INTO accounts (name, balance_nanoton) VALUES ('mallory', 5)",
              "UPDATE accounts SET leased_nanoton = balance_nanoton + 1",
              "DELETE FROM accounts",
              "INSERT INTO usage SELECT gen_random_uuid(), account_id, 'other', model, 0, 0, 1,"
                  + " worker, receipt, now() FROM usage",
              "INSERT INTO usage SELECT gen_random_uuid(), account_id, router_id, model, 0, 0, 51,"
                  + " worker, receipt, now() FROM usage")) {
        assertThrows(java.sql.SQLException.class, () -> TestPostgres.execute(database, sql), sql);
      }
      assertEquals(950, scalar("SELECT balance_nanoton FROM accounts"));
      assertBooksAgree();
      TestPostgres.execute(database, "UPDATE accounts SET leased_nanoton = leased_nanoton + 1");
      Long wrong = router.with(l -> l.accounts().audit());
      assertEquals(Long.valueOf(1), wrong, "the audit sees what is wrong");
    }
  }

  @Test
  void refusesASecondRouterOfTheSameId() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 100))) {
      LedgerException refusal =
          assertThrows(LedgerException.class, () -> new TestRouter(options("a", 100)));
      assertTrue(refusal.toString().contains("another router"), refusal.toString());
      Account account = router.fundedAccount("alice", 10);
      router.hold(account, 10);
    }
  }

  @Test
  void refusesADatabaseThatForgets() throws Exception {
    TestPostgres.execute(
        database, "ALTER DATABASE " + database.database() + " SET synchronous_commit = off");
    LedgerException refusal =
        assertThrows(LedgerException.class, () -> new TestRouter(options("a", 100)));
    assertTrue(refusal.toString().contains("synchronous_commit"), refusal.toString());
    assertFalse(refusal.toString().contains(database.password()));
  }

  @Test
  void holdsAreBoundedAndChargesAreNot() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 100).withMaxOpen(2))) {
      Account account = router.fundedAccount("alice", 1_000);
      Hold first = router.hold(account, 1);
      Hold second = router.hold(account, 1);
      assertEquals(
          new HoldOutcome.Unavailable(),
          router.with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(1))));
      router.with(l -> l.charge(first, usage(1)));
      router.with(l -> l.charge(second, usage(1)));
      router.hold(account, 1);
      assertThrows(
          IllegalArgumentException.class,
          () ->
              router.with(
                  l -> l.charge(new Hold(account, UUID.randomUUID(), NanoTon.ZERO), usage(1))));
    }
  }
}
