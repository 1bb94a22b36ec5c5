package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.jspecify.annotations.Nullable;

/** The account book in PostgreSQL. */
final class PostgresAccountBook implements AccountBook {
  private static final String SUMS =
      "count(*), coalesce(sum(prompt_tokens), 0)::bigint,"
          + " coalesce(sum(cached_prompt_tokens), 0)::bigint,"
          + " coalesce(sum(completion_tokens), 0)::bigint,"
          + " coalesce(sum(reasoning_tokens), 0)::bigint,"
          + " coalesce(sum(cost_nanoton), 0)::bigint";
  private static final String OF_THE_ACCOUNT =
      " WHERE u.account_id = $1 AND u.charged_at >= $2 AND u.charged_at < $3";

  private final Database database;
  private final ApiKeys keys;
  private final Accounts accounts;
  private final Supplier<Future<Void>> caughtUp;
  private final SecureRandom random = new SecureRandom();

  PostgresAccountBook(
      Database database, ApiKeys keys, Accounts accounts, Supplier<Future<Void>> caughtUp) {
    this.database = database;
    this.keys = keys;
    this.accounts = accounts;
    this.caughtUp = caughtUp;
  }

  @Override
  public Future<Account> open(String name) {
    return told(accounts.open(name));
  }

  @Override
  public Future<Accounts.Standing> standing(Account account) {
    return told(accounts.standing(account));
  }

  @Override
  public Future<List<Accounts.Key>> keys(Account account) {
    return told(accounts.keys(account));
  }

  @Override
  public Future<List<Spent>> spending(Account account, By by, Instant since, Instant until) {
    return told(
        caughtUp
            .get()
            .compose(
                _ ->
                    database.query(
                        grouped(by),
                        Tuple.of(
                            account.id(),
                            since.atOffset(ZoneOffset.UTC),
                            until.atOffset(ZoneOffset.UTC))))
            .map(
                rows -> {
                  List<Spent> all = new ArrayList<>();
                  rows.forEach(row -> all.add(spent(row)));
                  return List.copyOf(all);
                }));
  }

  /** A database that is away is expected; anything else that it says is a fault of ours. */
  private static <T> Future<T> told(Future<T> call) {
    return call.recover(
        failure ->
            Future.failedFuture(
                Database.isConnectionTrouble(failure)
                    ? new LedgerException("the books cannot be read now", failure)
                    : failure));
  }

  private static String grouped(By by) {
    return switch (by) {
      case KEY ->
          "SELECT coalesce(u.key_id, 0), coalesce(k.name, ''), u.model, '', "
              + SUMS
              + " FROM usage u LEFT JOIN api_keys k ON k.id = u.key_id"
              + OF_THE_ACCOUNT
              + " GROUP BY 1, 2, 3 ORDER BY 10 DESC, 1, 3 LIMIT "
              + MAX_ROWS;
      case MODEL ->
          "SELECT 0::bigint, '', u.model, '', "
              + SUMS
              + " FROM usage u"
              + OF_THE_ACCOUNT
              + " GROUP BY 3 ORDER BY 10 DESC, 3 LIMIT "
              + MAX_ROWS;
      case DAY ->
          "SELECT 0::bigint, '', '', to_char(u.charged_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), "
              + SUMS
              + " FROM usage u"
              + OF_THE_ACCOUNT
              + " GROUP BY 4 ORDER BY 4 DESC LIMIT "
              + MAX_ROWS;
    };
  }

  private static Spent spent(Row row) {
    return new Spent(
        row.getLong(0),
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getLong(4),
        row.getLong(5),
        row.getLong(6),
        row.getLong(7),
        row.getLong(8),
        new NanoTon(row.getLong(9)));
  }

  // ------------------------------------------------------------------ keys

  @Override
  public Future<KeyOutcome> issue(Account account, String name) {
    String key = ApiKey.generate(random);
    ApiKey.Hash hash = ApiKey.hash(key);
    if (hash == null) {
      throw new IllegalStateException("a key that is none was made");
    }
    return told(add(account, hash, name, key));
  }

  @Override
  public Future<KeyOutcome> grant(Account account, byte[] keyHash, String name) {
    return told(add(account, ApiKey.Hash.of(keyHash), name, ""));
  }

  /** Two at the same moment may pass the bound by one, which harms nobody. */
  private Future<KeyOutcome> add(Account account, ApiKey.Hash hash, String name, String key) {
    Buffer bytes = Buffer.buffer(hash.bytes());
    return database
        .queryOne(
            "INSERT INTO api_keys (hash, account_id, name) SELECT $1, $2, $3"
                + " WHERE (SELECT count(*) FROM api_keys"
                + "        WHERE account_id = $2 AND revoked IS NULL) < $4"
                + " ON CONFLICT (hash) DO NOTHING RETURNING id",
            Tuple.of(bytes, account.id(), name, (long) MAX_KEYS))
        .compose(
            added -> {
              if (added != null) {
                keys.forget(hash);
                return Future.succeededFuture(new KeyOutcome.Made(added.getLong(0), key));
              }
              return database
                  .queryOne(
                      "SELECT id, account_id, revoked IS NOT NULL FROM api_keys WHERE hash = $1",
                      Tuple.of(bytes))
                  .map(row -> known(account, row));
            });
  }

  private static KeyOutcome known(Account account, @Nullable Row row) {
    if (row == null) {
      return new KeyOutcome.TooMany();
    }
    if (row.getLong(1) != account.id()) {
      return new KeyOutcome.Taken();
    }
    return row.getBoolean(2) ? new KeyOutcome.Revoked() : new KeyOutcome.Made(row.getLong(0), "");
  }

  @Override
  public Future<Boolean> revoke(Account account, long keyId) {
    return told(
        database
            .queryOne(
                "UPDATE api_keys SET revoked = coalesce(revoked, now())"
                    + " WHERE id = $1 AND account_id = $2 RETURNING hash",
                Tuple.of(keyId, account.id()))
            .map(
                row -> {
                  if (row == null) {
                    return false;
                  }
                  keys.forget(ApiKey.Hash.of(row.getBuffer(0).getBytes()));
                  return true;
                }));
  }
}
