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
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresLedgerTest {
  @TempDir Path spools;
  private DatabaseUrl database;

  @BeforeEach
  void freshDatabase() throws Exception {
    database = TestPostgres.freshDatabase();
  }

  private LedgerOptions options(String routerId, long leaseChunk) {
    return LedgerOptions.of(database, routerId, spools.resolve(routerId))
        .withLeaseChunk(new NanoTon(leaseChunk));
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
      other.with(l -> l.charge(hold, usage(600)));
      other.catchUp();
      assertEquals(first, other.with(l -> l.receipt(account, hold.requestId())));
      assertEquals(
          1, scalar("SELECT count(*) FROM unbooked_charges WHERE reason = 'charged already'"));
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
      await(Future.join(receipts)); // durable in the spool, without the database
      assertFalse(receipts.stream().anyMatch(Future::failed));
      assertOnlyNewCreditStops(router, account, key);
      TestPostgres.startAgain();
      await(Future.join(receipts));
      awaitApplied(router);
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

  private static void awaitApplied(TestRouter router) throws Exception {
    while (router.metrics.get("ledger.spooled").gauge().value() > 0) {
      router.catchUp();
    }
  }

  /** With the database away: known keys and leased credit go on, and the health check sees it. */
  private static void assertOnlyNewCreditStops(TestRouter router, Account account, String key)
      throws Exception {
    router.nanos.addAndGet(Duration.ofSeconds(31).toNanos());
    assertEquals(
        account.id(),
        assertInstanceOf(Ledger.Authentication.Known.class, router.with(l -> l.authenticate(key)))
            .account()
            .id());
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
      router.catchUp();
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
      awaitApplied(a);
      awaitApplied(b);
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
      await(Future.join(receipts)); // nobody could know
      awaitApplied(router);
      assertEquals(2, scalar("SELECT count(*) FROM usage"));
      assertEquals(1, scalar("SELECT count(*) FROM audit()"), "the one that is not booked");
      assertEquals(
          1,
          scalar(
              "SELECT count(*) FROM audit() WHERE rule = 'every spooled charge is booked' AND"
                  + " expected = 10"));
    }
  }

  @Test
  void keysAreKnownUntilRevokedAndGuessesAreNot() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 1_000));
        TestRouter other = new TestRouter(options("b", 1_000))) {
      Account account = router.fundedAccount("alice", 1);
      String key = router.with(l -> l.accounts().issueKey(account));
      long keyId = router.with(l -> l.accounts().keys(account)).getFirst().id();
      Account asked = new Account(account.id(), account.name(), keyId);
      assertEquals(new Ledger.Authentication.Known(asked), router.with(l -> l.authenticate(key)));
      assertEquals(new Ledger.Authentication.Known(asked), other.with(l -> l.authenticate(key)));
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
      assertEquals(new Ledger.Authentication.Known(asked), other.with(l -> l.authenticate(key)));
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
    try (TestRouter router =
        new TestRouter(options("a", 100).withSettlement(TestRouter.SETTLEMENT))) {
      Account account = router.fundedAccount("alice", 1_000);
      Hold hold = router.hold(account, 100);
      router.with(l -> l.charge(hold, usage(50)));
      router.catchUp();
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
                  + " worker, '\\x01', now() FROM usage",
              "INSERT INTO usage SELECT gen_random_uuid(), account_id, router_id, model, 0, 0,"
                  + " (SELECT amount_nanoton + 1 FROM leases),"
                  + " worker, '\\x01', now() FROM usage",
              "INSERT INTO usage SELECT gen_random_uuid(), 77, router_id, model, 0, 0, 0,"
                  + " worker, '\\x01', now() FROM usage",
              "UPDATE accounts SET id = DEFAULT",
              "INSERT INTO usage SELECT gen_random_uuid(), account_id, router_id, model, 0, 0, 0,"
                  + " worker, NULL, now() FROM usage",
              "DELETE FROM unbooked_charges",
              "UPDATE receipt_batches SET leaves = ''",
              "DELETE FROM receipt_batches",
              "UPDATE withdrawals SET amount_nanoton = 1",
              "DELETE FROM withdrawals",
              "INSERT INTO withdrawals (account_id, kind, reference, amount_nanoton)"
                  + " SELECT id, 'channel', 'all', balance_nanoton FROM accounts",
              "SELECT debit(1, 'channel', 'much', 901, NULL)",
              "SELECT debit(1, 'channel', 'nothing', 0, NULL)",
              "SELECT debit(1, 'refund', 'to nobody', 1, NULL)",
              "SELECT refund(1, 'long', 1, '\\x00')",
              "SELECT credit(1, 'operator', 'deposit to alice', 999)",
              "SELECT credit(1, 'gift', 'new', 1)",
              "SELECT credit(1, 'prepaid', 'new', -1)",
              "SELECT credit(1, 'prepaid', 'new', 9223372036854775807)",
              "UPDATE payees SET earned_nanoton = 5",
              "UPDATE payees SET address = sha256('mallory')",
              "DELETE FROM payees",
              "INSERT INTO payees VALUES (2, sha256('gap'), 'worker')",
              "INSERT INTO payees VALUES (1, sha256('rich'), 'worker', 5)",
              "INSERT INTO payees VALUES (1, sha256('second'), 'operator')",
              "DELETE FROM ledger_identity",
              "UPDATE ledger_identity SET id = gen_random_uuid()")) {
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
      LedgerOptions elsewhere = LedgerOptions.of(database, "b", spools.resolve("a"));
      LedgerException locked = assertThrows(LedgerException.class, () -> new TestRouter(elsewhere));
      assertTrue(locked.toString().contains("another router uses the spool"), locked.toString());
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

  @Test
  void chargesEarnForTheirPayeesAndTheOperator() throws Exception {
    String bob = new TonAddress(hash(7)).toString();
    String carol = new TonAddress(hash(8)).toString();
    LedgerOptions options = options("a", 100_000).withSettlement(TestRouter.SETTLEMENT);
    try (TestRouter router = new TestRouter(options)) {
      Account account = router.fundedAccount("alice", 1_000_000);
      for (Ledger.Usage usage :
          List.of(
              paid(carol, 0), paid(bob, 999), paid("", 1_000), paid(carol, 1), paid(bob, 1_019))) {
        Hold hold = router.hold(account, 5_000);
        Receipt receipt = router.with(l -> l.charge(hold, usage));
        assertEquals(TestRouter.SETTLEMENT.contract(), receipt.terms().settlement());
        assertEquals(TestRouter.SETTLEMENT.networkId(), receipt.terms().networkId());
      }
      router.catchUp();
      // Fees, rounded down: 0 + 49 + 50 + 0 + 50.
      assertEquals(1_000 + 49 + 50, scalar("SELECT earned_nanoton FROM payees WHERE index = 0"));
      assertEquals(950 + 969, scalar("SELECT earned_nanoton FROM payees WHERE index = 1"));
      assertEquals(1, scalar("SELECT earned_nanoton FROM payees WHERE index = 2"));
      assertEquals(
          1,
          scalar(
              "SELECT count(*) FROM payees WHERE address = '\\x"
                  + "08".repeat(32)
                  + "' AND index = 2"));
      TonAddress owner = new TonAddress(hash(9));
      assertEquals(
          true, router.with(l -> l.accounts().refund(account, "out", new NanoTon(81), owner)));
      assertEquals(
          false, router.with(l -> l.accounts().refund(account, "out", new NanoTon(81), owner)));
      assertEquals(true, router.with(l -> l.accounts().withdraw(account, "w", new NanoTon(19))));
      assertThrows(
          Exception.class,
          () -> router.with(l -> l.accounts().withdraw(account, "w", new NanoTon(20))));
      assertEquals(81, scalar("SELECT earned_nanoton FROM payees WHERE index = 3"));
      assertEquals(
          new Accounts.Standing(
              new NanoTon(1_000_000),
              new NanoTon(3_019),
              new NanoTon(100),
              new NanoTon(996_881),
              new NanoTon(96_981)),
          router.with(l -> l.accounts().standing(account)));
      assertBooksAgree();
    }
    // The operator's place in the tree of earnings is for good.
    LedgerOptions.Settlement other =
        new LedgerOptions.Settlement(-3, new TonAddress(hash(1)), new TonAddress(hash(2)), 50);
    LedgerException refusal =
        assertThrows(
            LedgerException.class, () -> new TestRouter(options("a", 100).withSettlement(other)));
    assertTrue(refusal.toString().contains("payee 0"), refusal.toString());
  }

  @Test
  void spendingIsToldApartByKeyAndModel() throws Exception {
    try (TestRouter router = new TestRouter(options("a", 100_000))) {
      Account account = router.fundedAccount("alice", 1_000_000);
      String laptop = router.with(l -> l.accounts().issueKey(account, "laptop"));
      Ledger.Authentication.Known known =
          assertInstanceOf(
              Ledger.Authentication.Known.class, router.with(l -> l.authenticate(laptop)));
      for (Account who : List.of(account, known.account(), known.account())) {
        Hold hold = router.hold(who, 100);
        router.with(l -> l.charge(hold, usage(7)));
      }
      List<Accounts.Spending> spent =
          router.with(
              l -> l.accounts().spending(account, Instant.EPOCH, Instant.now().plusSeconds(60)));
      long id = known.account().keyId();
      assertEquals(
          List.of(
              new Accounts.Spending(id, "laptop", "smollm2", 2, 20, 0, 40, 0, new NanoTon(14)),
              new Accounts.Spending(0, "", "smollm2", 1, 10, 0, 20, 0, new NanoTon(7))),
          spent);
    }
  }

  @Test
  void racingHoldsOnTwoRoutersNeverOverdraw() throws Exception {
    long seed = Long.getLong("cocoon.ledger.seed", System.nanoTime());
    Random random = new Random(seed);
    long balance = 20_000;
    try (TestRouter a = new TestRouter(options("a", 700));
        TestRouter b = new TestRouter(options("b", 1_900))) {
      Account account = a.fundedAccount("alice", balance);
      List<TestRouter> routers = List.of(a, b);
      List<Future<Long>> running = new ArrayList<>();
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 60; i++) {
          TestRouter router = routers.get(random.nextInt(2));
          long amount = random.nextLong(1, 401);
          long cost = random.nextLong(amount + 1);
          boolean charges = random.nextInt(4) > 0;
          running.add(router.submit(() -> request(router.ledger, account, amount, cost, charges)));
        }
        await(Future.join(running));
      }
      long spent = running.stream().mapToLong(Future::result).sum();
      awaitApplied(a);
      awaitApplied(b);
      assertTrue(spent > balance * 3 / 4 && spent <= balance, spent + " spent, seed " + seed);
      assertEquals(balance - spent, scalar("SELECT balance_nanoton FROM accounts"), "seed " + seed);
      assertEquals(0, scalar("SELECT count(*) FROM unbooked_charges"), "seed " + seed);
      assertBooksAgree();
    }
  }

  /** What was charged: nothing where there was no credit, or the hold was released. */
  private static Future<Long> request(
      Ledger ledger, Account account, long amount, long cost, boolean charges) {
    return ledger
        .hold(account, UUID.randomUUID(), new NanoTon(amount))
        .compose(
            outcome -> {
              if (!(outcome instanceof HoldOutcome.Held held)) {
                return Future.succeededFuture(0L);
              }
              if (!charges) {
                ledger.release(held.hold());
                return Future.succeededFuture(0L);
              }
              return ledger.charge(held.hold(), usage(cost)).map(cost);
            });
  }

  @Test
  void largestAmountsAreBookedAndNothingOverflows() throws Exception {
    LedgerOptions options = options("a", 1).withSettlement(TestRouter.SETTLEMENT);
    try (TestRouter router = new TestRouter(options)) {
      Account account = router.fundedAccount("alice", Long.MAX_VALUE);
      NanoTon one = new NanoTon(1);
      assertThrows(
          Exception.class, () -> router.with(l -> l.accounts().deposit(account, "one more", one)));
      Hold hold = router.hold(account, Long.MAX_VALUE);
      router.with(l -> l.charge(hold, paid("0:" + "77".repeat(32), Long.MAX_VALUE)));
      router.catchUp();
      assertEquals(0, scalar("SELECT balance_nanoton FROM accounts"));
      long fee = 461_168_601_842_738_790L; // a twentieth, rounded down
      assertEquals(fee, scalar("SELECT earned_nanoton FROM payees WHERE index = 0"));
      assertEquals(
          Long.MAX_VALUE - fee, scalar("SELECT earned_nanoton FROM payees WHERE index = 1"));
      assertBooksAgree();
      // A payee cannot earn more than there is: refused, and told.
      Account second = router.fundedAccount("bob", Long.MAX_VALUE);
      Hold more = router.hold(second, Long.MAX_VALUE);
      router.with(l -> l.charge(more, paid("0:" + "77".repeat(32), Long.MAX_VALUE)));
      Hold small = router.hold(router.fundedAccount("carol", 9), 9);
      router.with(l -> l.charge(small, paid("0:" + "66".repeat(32), 9)));
      awaitApplied(router);
      assertEquals(2, scalar("SELECT count(*) FROM usage"));
      assertEquals(
          1, scalar("SELECT count(*) FROM audit() WHERE rule = 'every spooled charge is booked'"));
    }
  }

  private static Ledger.Usage paid(String payout, long cost) {
    Ledger.Usage usage = usage(cost);
    return new Ledger.Usage(
        usage.model(),
        usage.tokens(),
        usage.price(),
        usage.coefficient(),
        usage.cost(),
        usage.worker(),
        payout);
  }

  private static byte[] hash(int fill) {
    byte[] hash = new byte[32];
    Arrays.fill(hash, (byte) fill);
    return hash;
  }
}
