package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Authentication;
import org.jspecify.annotations.Nullable;

/**
 * Whose an API key is, from memory where it was asked lately.
 *
 * <p>Known and unknown keys have a bounded map each, so that guesses never push out good keys, and
 * lookups that run are bounded and shared. While the database is away a known key is believed
 * beyond its time. Owned by the router's event loop.
 */
final class ApiKeys {
  private static final int MAX_KNOWN = 65_536;
  private static final int MAX_UNKNOWN = 8_192;
  private static final int MAX_LOOKUPS = 256;

  private final Database database;
  private final LongSupplier nanoClock;
  private final long knownNanos;
  private final long unknownNanos;
  private final Map<ApiKey.Hash, Known> known = new Lru<>(MAX_KNOWN);
  private final Map<ApiKey.Hash, Long> unknown = new Lru<>(MAX_UNKNOWN);
  private final Map<ApiKey.Hash, Future<Authentication>> lookups = new HashMap<>();

  ApiKeys(Database database, LongSupplier nanoClock, Duration knownTtl, Duration unknownTtl) {
    this.database = database;
    this.nanoClock = nanoClock;
    this.knownNanos = knownTtl.toNanos();
    this.unknownNanos = unknownTtl.toNanos();
  }

  Future<Authentication> authenticate(String apiKey) {
    ApiKey.Hash hash = ApiKey.hash(apiKey);
    if (hash == null) {
      return Future.succeededFuture(new Authentication.Unknown());
    }
    long now = nanoClock.getAsLong();
    Known entry = known.get(hash);
    if (entry != null && now - entry.sinceNanos < knownNanos) {
      return Future.succeededFuture(entry.answer);
    }
    Long unknownSince = unknown.get(hash);
    if (unknownSince != null && now - unknownSince < unknownNanos) {
      return Future.succeededFuture(new Authentication.Unknown());
    }
    Future<Authentication> running = lookups.get(hash);
    if (running != null) {
      return running;
    }
    if (lookups.size() >= MAX_LOOKUPS) {
      return entry != null
          ? Future.succeededFuture(entry.answer)
          : Future.failedFuture(new LedgerException("too many API keys are being looked up"));
    }
    Future<Authentication> lookup = lookUp(hash, entry);
    lookups.put(hash, lookup);
    lookup.onComplete(_ -> lookups.remove(hash));
    return lookup;
  }

  /** Forgets a key, so that it is looked up the next time. */
  void forget(String apiKey) {
    ApiKey.Hash hash = ApiKey.hash(apiKey);
    if (hash != null) {
      forget(hash);
    }
  }

  /** The same, by its hash. */
  void forget(ApiKey.Hash hash) {
    known.remove(hash);
    unknown.remove(hash);
  }

  private Future<Authentication> lookUp(ApiKey.Hash hash, @Nullable Known stale) {
    return database
        .queryOne(
            "SELECT a.id, a.name, k.id FROM api_keys k JOIN accounts a ON a.id = k.account_id"
                + " WHERE k.hash = $1 AND k.revoked IS NULL",
            Tuple.of(Buffer.buffer(hash.bytes())))
        .map(row -> remember(hash, row))
        .recover(
            failure ->
                stale != null
                    ? Future.succeededFuture(stale.answer)
                    : Future.failedFuture(
                        new LedgerException("the API key cannot be looked up now", failure)));
  }

  private Authentication remember(ApiKey.Hash hash, @Nullable Row row) {
    long now = nanoClock.getAsLong();
    if (row == null) {
      known.remove(hash);
      unknown.put(hash, now);
      return new Authentication.Unknown();
    }
    Authentication answer =
        new Authentication.Known(new Account(row.getLong(0), row.getString(1), row.getLong(2)));
    unknown.remove(hash);
    known.put(hash, new Known(answer, now));
    return answer;
  }

  private record Known(Authentication answer, long sinceNanos) {}
}
