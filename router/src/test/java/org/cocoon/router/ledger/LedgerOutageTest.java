package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Authentication;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The database goes away under load, for {@code -Dcocoon.ledger.outageSeconds=60}, by default 3.
 */
class LedgerOutageTest {
  private static final int CLIENTS = 16;
  private static final long COST = 700;
  private static final long LEASE = 100_000_000_000L;

  @TempDir Path spool;
  private final List<UUID> charged = new ArrayList<>();
  private boolean stopped;

  @Test
  void requestsWithinCreditGoOn() throws Exception {
    long seconds = Long.getLong("cocoon.ledger.outageSeconds", 3);
    DatabaseUrl database = TestPostgres.freshDatabase();
    LedgerOptions options =
        LedgerOptions.of(database, "a", spool).withLeaseChunk(new NanoTon(LEASE));
    try (TestRouter router = new TestRouter(options)) {
      Account account = router.fundedAccount("alice", 10 * LEASE);
      String key = router.with(l -> l.accounts().issueKey(account));
      List<Future<Void>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(router.submit(() -> client(router.ledger, key)));
      }
      int before = await(router, 100);
      TestPostgres.stop();
      int during;
      try {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        during = before;
        while (System.nanoTime() < until) { // each round is progress without the database
          router.nanos.addAndGet(TimeUnit.SECONDS.toNanos(1)); // known keys grow old
          during = await(router, during + 50);
        }
        assertFalse(router.ledger.available(), "the health check sees it");
        assertTrue(router.metrics.get("ledger.spooled").gauge().value() > 0);
      } finally {
        TestPostgres.startAgain();
      }
      await(router, during + 50);
      router.submit(
          () -> {
            stopped = true;
            return Future.succeededFuture();
          });
      TestRouter.await(Future.join(clients));
      while (router.metrics.get("ledger.spooled").gauge().value() > 0) {
        router.catchUp();
      }
      System.out.printf(
          "%d charges in %d s without the database, %d in all%n",
          during - before, seconds, charged.size());
      assertTrue(router.ledger.available());
      assertEquals(charged.size(), TestPostgres.number(database, "SELECT count(*) FROM usage"));
      assertEquals(
          new NanoTon(10 * LEASE - COST * charged.size()),
          router.with(l -> l.accounts().balance(account)));
      assertEquals(0, TestPostgres.number(database, "SELECT count(*) FROM audit()"));
    }
  }

  /** One request after the other; any that fails fails the test. */
  private Future<Void> client(Ledger ledger, String key) {
    if (stopped) {
      return Future.succeededFuture();
    }
    UUID request = UUID.randomUUID();
    return ledger
        .authenticate(key)
        .compose(
            known ->
                ledger.hold(
                    assertInstanceOf(Authentication.Known.class, known).account(),
                    request,
                    new NanoTon(2 * COST)))
        .compose(
            outcome ->
                ledger.charge(
                    assertInstanceOf(HoldOutcome.Held.class, outcome).hold(),
                    TestRouter.usage(COST)))
        .compose(
            _ -> {
              charged.add(request);
              Promise<Void> later = Promise.promise(); // a fresh stack for each request
              io.vertx.core.Vertx.currentContext().runOnContext(_ -> later.complete());
              return later.future();
            })
        .compose(_ -> client(ledger, key));
  }

  /** Waits until so many requests are charged. */
  private int await(TestRouter router, int count) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    int size;
    do {
      assertTrue(System.nanoTime() < until, "requests do not go on");
      size = TestRouter.await(router.submit(() -> Future.succeededFuture(charged.size())));
    } while (size < count);
    return size;
  }
}
