package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.security.SecureRandom;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * What an operator does with accounts: open, fund, give keys, look. On the router's event loop;
 * failed futures carry what the database said.
 */
public final class Accounts {
  private final Database database;
  private final ApiKeys keys;
  private final SecureRandom random = new SecureRandom();

  Accounts(Database database, ApiKeys keys) {
    this.database = database;
    this.keys = keys;
  }

  /**
   * The account of this name, made if it is missing.
   *
   * @param name 1 to 255 bytes of UTF-8
   */
  public Future<Account> open(String name) {
    return database
        .query("INSERT INTO accounts (name) VALUES ($1) ON CONFLICT DO NOTHING", Tuple.of(name))
        .compose(
            _ -> database.query("SELECT id, name FROM accounts WHERE name = $1", Tuple.of(name)))
        .map(rows -> rows.iterator().next())
        .map(row -> new Account(row.getLong(0), row.getString(1)));
  }

  /**
   * Adds to a balance, once for each reference.
   *
   * @param reference names the deposit among all, 1 to 255 bytes; the same one again does nothing
   * @param amount more than nothing
   * @return whether it was added now
   */
  public Future<Boolean> deposit(Account account, String reference, NanoTon amount) {
    return database
        .query(
            "INSERT INTO deposits (account_id, reference, amount_nanoton) VALUES ($1, $2, $3)"
                + " ON CONFLICT (reference) DO NOTHING",
            Tuple.of(account.id(), reference, amount.nanos()))
        .map(rows -> rows.rowCount() == 1);
  }

  /** A new API key of an account. Only its hash is kept: it cannot be shown again. */
  public Future<String> issueKey(Account account) {
    String key = ApiKey.generate(random);
    return database
        .query(
            "INSERT INTO api_keys (hash, account_id) VALUES ($1, $2)",
            Tuple.of(hash(key), account.id()))
        .map(key);
  }

  /**
   * Takes a key back: at once on this router, within {@link LedgerOptions#keyTtl()} on others.
   *
   * @return whether there was such a key that still worked
   */
  public Future<Boolean> revokeKey(String apiKey) {
    if (ApiKey.hash(apiKey) == null) {
      return Future.succeededFuture(false);
    }
    return database
        .query(
            "UPDATE api_keys SET revoked = now() WHERE hash = $1 AND revoked IS NULL",
            Tuple.of(hash(apiKey)))
        .map(
            rows -> {
              keys.forget(apiKey);
              return rows.rowCount() == 1;
            });
  }

  /** What an account has, with what is reserved for running requests. */
  public Future<NanoTon> balance(Account account) {
    return database
        .query("SELECT balance_nanoton FROM accounts WHERE id = $1", Tuple.of(account.id()))
        .map(rows -> new NanoTon(rows.iterator().next().getLong(0)));
  }

  /** How many accounts' books do not agree: deposits = balance + charges, leases = leased. */
  public Future<Long> audit() {
    return database
        .query("SELECT count(*) FROM audit()", Tuple.tuple())
        .map(rows -> rows.iterator().next().getLong(0));
  }

  private static Buffer hash(String apiKey) {
    ApiKey.Hash hash = ApiKey.hash(apiKey);
    if (hash == null) {
      throw new IllegalArgumentException("not an API key");
    }
    return Buffer.buffer(hash.bytes());
  }
}
