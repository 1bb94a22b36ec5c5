package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.router.ledger.AccountBook.By;
import org.cocoon.router.ledger.AccountBook.KeyOutcome;
import org.cocoon.router.ledger.AccountBook.Spent;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Authentication;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keys and spending in the real database. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class AccountBookTest {
  private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");
  private static final Instant LONG_HENCE = Instant.parse("2100-01-01T00:00:00Z");

  @TempDir private Path spools;

  private TestRouter router() throws Exception {
    return new TestRouter(LedgerOptions.of(TestPostgres.freshDatabase(), "router-1", spools));
  }

  private static String apiKey(char letter) {
    return "ck_" + String.valueOf(letter).repeat(43);
  }

  private static byte[] hash(String key) throws Exception {
    return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
  }

  private static Authentication who(TestRouter router, String key) throws Exception {
    return router.with(l -> l.authenticate(key));
  }

  private static boolean revoke(TestRouter router, Account account, long id) throws Exception {
    return router.with(l -> l.book().revoke(account, id));
  }

  @Test
  void aGrantedKeyWorksAtOnceAndARevokedOneNeverAgain() throws Exception {
    try (TestRouter router = router()) {
      Account account = router.fundedAccount("a", 1_000);
      Account other = router.fundedAccount("b", 1_000);
      String key = apiKey('A');
      byte[] hash = hash(key);
      assertInstanceOf(Authentication.Unknown.class, who(router, key));
      KeyOutcome.Made made =
          assertInstanceOf(
              KeyOutcome.Made.class, router.with(l -> l.book().grant(account, hash, "laptop")));
      assertEquals("", made.key());
      assertEquals(
          new Authentication.Known(new Account(account.id(), "a", made.id())), who(router, key));
      KeyOutcome again = router.with(l -> l.book().grant(account, hash, "again"));
      assertEquals(made, again);
      assertInstanceOf(
          KeyOutcome.Taken.class, router.with(l -> l.book().grant(other, hash, "stolen")));
      assertFalse(revoke(router, other, made.id()), "another account's");
      assertTrue(revoke(router, account, made.id()));
      assertTrue(revoke(router, account, made.id()));
      assertInstanceOf(Authentication.Unknown.class, who(router, key));
      assertInstanceOf(
          KeyOutcome.Revoked.class, router.with(l -> l.book().grant(account, hash, "again")));
      List<Accounts.Key> keys = router.with(l -> l.book().keys(account));
      assertEquals(1, keys.size());
      assertEquals("laptop", keys.getFirst().name());
      assertTrue(keys.getFirst().revoked());
    }
  }

  @Test
  void anAccountHasOnlySoManyKeysThatWork() throws Exception {
    DatabaseUrl database = TestPostgres.freshDatabase();
    try (TestRouter router = new TestRouter(LedgerOptions.of(database, "router-1", spools))) {
      Account account = router.fundedAccount("a", 1_000);
      TestPostgres.execute(
          database,
          "INSERT INTO api_keys (hash, account_id) SELECT sha256(n::text::bytea), "
              + account.id()
              + " FROM generate_series(1, 999) n");
      KeyOutcome.Made last =
          assertInstanceOf(
              KeyOutcome.Made.class, router.with(l -> l.book().issue(account, "the last")));
      assertTrue(last.key().startsWith("ck_"));
      assertInstanceOf(
          KeyOutcome.TooMany.class, router.with(l -> l.book().issue(account, "too many")));
      assertTrue(revoke(router, account, last.id()));
      assertInstanceOf(
          KeyOutcome.Made.class, router.with(l -> l.book().issue(account, "after one went")));
    }
  }

  @Test
  void tellsSpendingByKeyModelAndDay() throws Exception {
    try (TestRouter router = router()) {
      Account account = router.fundedAccount("a", 1_000_000);
      Account stranger = router.fundedAccount("s", 1_000_000);
      KeyOutcome.Made phone =
          assertInstanceOf(
              KeyOutcome.Made.class, router.with(l -> l.book().issue(account, "phone")));
      Account byPhone = new Account(account.id(), "a", phone.id());
      TestRouter.await(router.chargeAll(byPhone, List.of(10L, 20L)));
      TestRouter.await(router.chargeAll(account, List.of(5L)));
      TestRouter.await(router.chargeAll(stranger, List.of(100L)));
      List<Spent> byKey =
          router.with(l -> l.book().spending(account, By.KEY, LONG_AGO, LONG_HENCE));
      assertEquals(2, byKey.size());
      assertEquals(phone.id(), byKey.getFirst().keyId());
      assertEquals("phone", byKey.getFirst().keyName());
      assertEquals("smollm2", byKey.getFirst().model());
      assertEquals(30, byKey.getFirst().cost().nanos());
      assertEquals(2, byKey.getFirst().requests());
      assertEquals(20, byKey.getFirst().promptTokens());
      assertEquals(Account.NO_KEY, byKey.getLast().keyId());
      assertEquals(5, byKey.getLast().cost().nanos());
      List<Spent> byModel =
          router.with(l -> l.book().spending(account, By.MODEL, LONG_AGO, LONG_HENCE));
      assertEquals(35, byModel.getFirst().cost().nanos());
      List<Spent> byDay =
          router.with(l -> l.book().spending(account, By.DAY, LONG_AGO, LONG_HENCE));
      assertTrue(byDay.getFirst().day().matches("20[0-9]{2}-[0-9]{2}-[0-9]{2}"));
      assertEquals(3, byDay.stream().mapToLong(Spent::requests).sum());
      assertEquals(
          List.of(), router.with(l -> l.book().spending(account, By.DAY, LONG_AGO, LONG_AGO)));
      assertEquals(35, router.with(l -> l.book().standing(account)).used().nanos());
    }
  }
}
