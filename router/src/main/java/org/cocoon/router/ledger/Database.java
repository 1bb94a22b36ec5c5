package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.LedgerOptions.Settlement;
import org.jspecify.annotations.Nullable;

/**
 * The ledger's pooled connections, and whether the database answered lately. Used on the router's
 * event loop only; every call has a timeout and a bounded queue before it.
 */
final class Database implements CreditSource {
  private static final int MAX_WAITING_CALLS = 1_024;

  private final Pool pool;
  private final String routerId;
  private final long callTimeoutMillis;
  private boolean answering = true;

  Database(Vertx vertx, LedgerOptions options) {
    this.routerId = options.routerId();
    this.callTimeoutMillis = options.callTimeout().toMillis();
    this.pool =
        PgBuilder.pool()
            .with(
                new PoolOptions()
                    .setMaxSize(options.connections())
                    .setMaxWaitQueueSize(MAX_WAITING_CALLS)
                    .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
                    .setConnectionTimeout(Math.toIntExact(callTimeoutMillis)))
            .connectingTo(options.database().connectOptions())
            .using(vertx)
            .build();
  }

  /** Runs one statement, which is one transaction. */
  Future<RowSet<Row>> query(String sql, Tuple parameters) {
    return observe(
        pool.preparedQuery(sql)
            .execute(parameters)
            .timeout(callTimeoutMillis, TimeUnit.MILLISECONDS));
  }

  /** As {@link #query}, for statements that give one row or none. */
  Future<@Nullable Row> queryOne(String sql, Tuple parameters) {
    return query(sql, parameters).map(Database::firstOrNull);
  }

  @Override
  public Future<Lease> lease(long accountId, NanoTon wanted) {
    return lease("lease_credit", accountId, wanted);
  }

  @Override
  public Future<Lease> leaseAhead(long accountId, NanoTon wanted) {
    return lease("lease_ahead", accountId, wanted);
  }

  private Future<Lease> lease(String function, long accountId, NanoTon wanted) {
    return query(
            "SELECT lease, lease_version, left_over FROM " + function + "($1, $2, $3)",
            Tuple.of(routerId, accountId, wanted.nanos()))
        .map(
            rows -> {
              Row row = rows.iterator().next();
              return new Lease(row.getLong(0), row.getLong(1), row.getLong(2));
            });
  }

  @Override
  public Future<Void> giveBack(long accountId) {
    return query("SELECT return_credit($1, $2)", Tuple.of(routerId, accountId)).mapEmpty();
  }

  /** Sees to it that the operator is payee 0, where charges settle on a chain. */
  Future<Void> operator(@Nullable Settlement settlement) {
    if (settlement == null) {
      return Future.succeededFuture();
    }
    return query(
            "SELECT payee($1, 'operator')", Tuple.of(Buffer.buffer(settlement.operator().hash())))
        .recover(
            failure ->
                Future.failedFuture(
                    isConnectionTrouble(failure)
                        ? failure
                        : new LedgerException(
                            "the operator's fees go to another address already, which is payee 0 of"
                                + " this ledger for good: give that one, not "
                                + settlement.operator(),
                            failure)))
        .mapEmpty();
  }

  Future<Void> ping() {
    return query("SELECT 1", Tuple.tuple()).mapEmpty();
  }

  boolean answering() {
    return answering;
  }

  /** Notes whether a call was answered: an error from the server is an answer. */
  <T> Future<T> observe(Future<T> call) {
    return call.onComplete(
        done -> answering = done.succeeded() || !isConnectionTrouble(done.cause()));
  }

  Future<Void> close() {
    return pool.close();
  }

  /**
   * Whether a call failed for a reason that passes: no connection, a server that stops, starts or
   * is full, a deadlock. Then nobody knows whether it was committed, and it is made again.
   */
  static boolean isConnectionTrouble(Throwable failure) {
    return !(failure instanceof PgException refused) || isTrouble(refused.getSqlState());
  }

  /** As {@link #isConnectionTrouble}, of an SQLSTATE. */
  static boolean isTrouble(@Nullable String state) {
    return state != null
        && (state.startsWith("08")
            || state.startsWith("40")
            || state.startsWith("53")
            || state.startsWith("55")
            || state.startsWith("57")
            || state.startsWith("58"));
  }

  private static @Nullable Row firstOrNull(RowSet<Row> rows) {
    Iterator<Row> each = rows.iterator();
    return each.hasNext() ? each.next() : null;
  }
}
