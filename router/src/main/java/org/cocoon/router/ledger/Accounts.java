package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * What an operator does with accounts: open, fund, give keys, look. On the router's event loop;
 * failed futures carry what the database said. What is read includes all charges that were durable
 * on this router when it was asked, unless the database needs more than a second to apply them.
 */
public final class Accounts {
  private final Database database;
  private final ApiKeys keys;
  private final Supplier<Future<Void>> caughtUp;
  private final SecureRandom random = new SecureRandom();

  Accounts(Database database, ApiKeys keys, Supplier<Future<Void>> caughtUp) {
    this.database = database;
    this.keys = keys;
    this.caughtUp = caughtUp;
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
   * Adds to a balance, once for each reference, in the operator's name.
   *
   * @param reference names the deposit among all, 1 to 255 bytes; the same one again does nothing
   * @param amount more than nothing
   * @return whether it was added now; fails where the reference was used for something else
   */
  public Future<Boolean> deposit(Account account, String reference, NanoTon amount) {
    return credit(account, Credit.OPERATOR, reference, amount);
  }

  /**
   * Adds to a balance, once for each reference.
   *
   * @param reference names the deposit among all, 1 to 255 bytes; the same one again does nothing
   * @param amount more than nothing
   * @return whether it was added now; fails where the reference was used for something else
   */
  public Future<Boolean> credit(Account account, Credit kind, String reference, NanoTon amount) {
    return database
        .query(
            "SELECT credit($1, $2, $3, $4)",
            Tuple.of(account.id(), kind.sqlName(), reference, amount.nanos()))
        .map(rows -> rows.iterator().next().getBoolean(0));
  }

  /**
   * Books what a channel's owner withdrew, once for each reference.
   *
   * @param reference names the withdrawal among all, 1 to 255 bytes
   * @param amount more than nothing
   * @return whether it was taken now; fails where less than that is left beside leased credit, or
   *     where the reference was used for something else
   */
  public Future<Boolean> withdraw(Account account, String reference, NanoTon amount) {
    return database
        .query(
            "SELECT debit($1, 'channel', $2, $3, NULL)",
            Tuple.of(account.id(), reference, amount.nanos()))
        .map(rows -> rows.iterator().next().getBoolean(0));
  }

  /**
   * Books that unused credit goes back to its owner through an epoch: the balance falls, and the
   * owner's earnings grow. Otherwise as {@link #withdraw}.
   */
  public Future<Boolean> refund(
      Account account, String reference, NanoTon amount, TonAddress owner) {
    return database
        .query(
            "SELECT refund($1, $2, $3, $4)",
            Tuple.of(account.id(), reference, amount.nanos(), Buffer.buffer(owner.hash())))
        .map(rows -> rows.iterator().next().getBoolean(0));
  }

  /** A new API key of an account. Only its hash is kept: it cannot be shown again. */
  public Future<String> issueKey(Account account) {
    return issueKey(account, "");
  }

  /**
   * As {@link #issueKey(Account)}, with a name for people, by which spending is told apart.
   *
   * @param name at most 255 bytes of UTF-8
   */
  public Future<String> issueKey(Account account, String name) {
    String key = ApiKey.generate(random);
    return database
        .query(
            "INSERT INTO api_keys (hash, account_id, name) VALUES ($1, $2, $3)",
            Tuple.of(hash(key), account.id(), name))
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
    return afterSpool("SELECT balance_nanoton FROM accounts WHERE id = $1", Tuple.of(account.id()))
        .map(rows -> new NanoTon(rows.iterator().next().getLong(0)));
  }

  /** Where an account stands: what came in, what was used, what went out, and what is left. */
  public Future<Standing> standing(Account account) {
    return afterSpool(
            "SELECT (SELECT coalesce(sum(amount_nanoton), 0)::bigint FROM deposits"
                + "   WHERE account_id = a.id),"
                + " (SELECT coalesce(sum(cost_nanoton), 0)::bigint FROM usage"
                + "   WHERE account_id = a.id),"
                + " (SELECT coalesce(sum(amount_nanoton), 0)::bigint FROM withdrawals"
                + "   WHERE account_id = a.id),"
                + " a.balance_nanoton, a.leased_nanoton FROM accounts a WHERE a.id = $1",
            Tuple.of(account.id()))
        .map(rows -> rows.iterator().next())
        .map(
            row ->
                new Standing(
                    new NanoTon(row.getLong(0)),
                    new NanoTon(row.getLong(1)),
                    new NanoTon(row.getLong(2)),
                    new NanoTon(row.getLong(3)),
                    new NanoTon(row.getLong(4))));
  }

  /**
   * What an account spent, by key and model, the dearest first; at most 1,000 rows.
   *
   * @param from the first instant that counts
   * @param until the first one that counts no more
   */
  public Future<List<Spending>> spending(Account account, Instant from, Instant until) {
    return afterSpool(
            "SELECT coalesce(u.key_id, 0), coalesce(k.name, ''), u.model, count(*),"
                + " sum(prompt_tokens)::bigint, sum(cached_prompt_tokens)::bigint,"
                + " sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint,"
                + " sum(cost_nanoton)::bigint"
                + " FROM usage u LEFT JOIN api_keys k ON k.id = u.key_id"
                + " WHERE u.account_id = $1 AND u.charged_at >= $2 AND u.charged_at < $3"
                + " GROUP BY 1, 2, 3 ORDER BY 9 DESC, 1, 3 LIMIT 1000",
            Tuple.of(account.id(), from.atOffset(ZoneOffset.UTC), until.atOffset(ZoneOffset.UTC)))
        .map(
            rows -> {
              List<Spending> all = new ArrayList<>();
              rows.forEach(row -> all.add(Spending.of(row)));
              return List.copyOf(all);
            });
  }

  /** The keys of an account, the newest first; at most 1,000. */
  public Future<List<Key>> keys(Account account) {
    return database
        .query(
            "SELECT id, name, created, revoked IS NOT NULL FROM api_keys WHERE account_id = $1"
                + " ORDER BY id DESC LIMIT 1000",
            Tuple.of(account.id()))
        .map(
            rows -> {
              List<Key> all = new ArrayList<>();
              rows.forEach(
                  row ->
                      all.add(
                          new Key(
                              row.getLong(0),
                              row.getString(1),
                              row.getOffsetDateTime(2).toInstant(),
                              row.getBoolean(3))));
              return List.copyOf(all);
            });
  }

  /** How many rules of the books do not hold; see audit() in db/migration. */
  public Future<Long> audit() {
    return afterSpool("SELECT count(*) FROM audit()", Tuple.tuple())
        .map(rows -> rows.iterator().next().getLong(0));
  }

  private Future<RowSet<Row>> afterSpool(String sql, Tuple parameters) {
    return caughtUp.get().compose(_ -> database.query(sql, parameters));
  }

  private static Buffer hash(String apiKey) {
    ApiKey.Hash hash = ApiKey.hash(apiKey);
    if (hash == null) {
      throw new IllegalArgumentException("not an API key");
    }
    return Buffer.buffer(hash.bytes());
  }

  /** Where credit comes from. */
  public enum Credit {
    /** The operator gave it. */
    OPERATOR,
    /** A transfer to the settlement contract. */
    PREPAID,
    /** A channel's voucher, covered by its deposit. */
    CHANNEL;

    private String sqlName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * An account's books: {@code deposited = balance + used + withdrawn}.
   *
   * @param deposited all that came in
   * @param used the cost of all requests
   * @param withdrawn all that went out otherwise
   * @param balance what is left
   * @param leased the part of the balance that routers may spend now
   */
  public record Standing(
      NanoTon deposited, NanoTon used, NanoTon withdrawn, NanoTon balance, NanoTon leased) {}

  /**
   * What one key spent on one model.
   *
   * @param keyId of the key, or {@link Account#NO_KEY}
   * @param keyName for people, may be empty
   * @param model its name
   * @param requests how many
   * @param promptTokens with the cached ones
   * @param cachedPromptTokens of them
   * @param completionTokens with the thoughts
   * @param reasoningTokens of them
   * @param cost of all
   */
  public record Spending(
      long keyId,
      String keyName,
      String model,
      long requests,
      long promptTokens,
      long cachedPromptTokens,
      long completionTokens,
      long reasoningTokens,
      NanoTon cost) {
    private static Spending of(Row row) {
      return new Spending(
          row.getLong(0),
          row.getString(1),
          row.getString(2),
          row.getLong(3),
          row.getLong(4),
          row.getLong(5),
          row.getLong(6),
          row.getLong(7),
          new NanoTon(row.getLong(8)));
    }
  }

  /**
   * An API key, without what makes it one.
   *
   * @param id of the row, as in {@link Spending}
   * @param name for people, may be empty
   * @param created when
   * @param revoked whether it works no more
   */
  public record Key(long id, String name, Instant created, boolean revoked) {}
}
