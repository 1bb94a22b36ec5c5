package org.cocoon.router.ledger;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes charges durable, in batches: while one transaction runs, the next batch gathers.
 *
 * <pre>
 *   state      event                          next
 *   idle       a charge is submitted          writing
 *   writing    committed, none gathered       idle
 *   writing    committed, some gathered       writing (a new batch)
 *   writing    connection trouble             waiting (the same batch, nobody knows if committed)
 *   writing    refused, batch of many         writing (the same charges, one by one)
 *   writing    refused, batch of one          that charge fails; as after a commit
 *   waiting    the pause is over              writing (the same batch)
 * </pre>
 *
 * <p>Its one connection also holds an advisory lock for the router's id: of two routers with the
 * same id, which would spend the same lease, one cannot charge. Owned by the router's event loop;
 * only signing runs beside it. The queue is bounded by the {@link CreditBook}, which admits no more
 * holds than there may be charges.
 */
final class ChargeWriter {
  private static final Logger log = LoggerFactory.getLogger(ChargeWriter.class);
  private static final String CHARGE =
      "SELECT request, holder, stored, lease, lease_version"
          + " FROM charge($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
          + " $17, $18, $19, $20)";
  private static final String LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
  private static final int CONNECT_ATTEMPTS = 10;
  private static final long CONNECT_PAUSE_MILLIS = 100;
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  private final Vertx vertx;
  private final LedgerOptions options;
  private final ReceiptKey key;
  private final Database database;
  private final Outcome outcome;
  private final WorkerExecutor signer;
  private final DistributionSummary batchSize;
  private final Counter retries;
  private final ArrayDeque<PendingCharge> queue = new ArrayDeque<>();
  private @Nullable PgConnection connection;
  private boolean writing;
  private boolean closed;

  /** How many of the next charges go alone, to find the one that the database refuses. */
  private int alone;

  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private @Nullable Promise<Void> drained;

  /** What became of a charge. */
  interface Outcome {
    /** It is durable: with this receipt, made now or by an earlier charge of the same request. */
    void charged(PendingCharge charge, Receipt receipt, long lease, long leaseVersion);

    /** The database will never accept it. */
    void refused(PendingCharge charge, LedgerException reason);
  }

  ChargeWriter(
      Vertx vertx,
      LedgerOptions options,
      ReceiptKey key,
      Database database,
      Outcome outcome,
      MeterRegistry metrics) {
    this.vertx = vertx;
    this.options = options;
    this.key = key;
    this.database = database;
    this.outcome = outcome;
    this.signer = vertx.createSharedWorkerExecutor("receipt-signer-" + options.routerId(), 1);
    this.batchSize = metrics.summary("ledger.batch.size");
    this.retries = metrics.counter("ledger.retries");
  }

  void submit(PendingCharge charge) {
    queue.add(charge);
    next();
  }

  /**
   * Connects and takes the router id's lock; fails where another router keeps it. A predecessor
   * that was killed has it until the server notices, so this tries for a second.
   */
  Future<Void> connect() {
    return connect(CONNECT_ATTEMPTS);
  }

  private Future<Void> connect(int attempts) {
    return connection()
        .<Void>mapEmpty()
        .recover(
            failure ->
                attempts > 1
                    ? vertx
                        .timer(CONNECT_PAUSE_MILLIS, TimeUnit.MILLISECONDS)
                        .compose(_ -> connect(attempts - 1))
                    : Future.failedFuture(failure));
  }

  /** Completes when nothing is queued or running. */
  Future<Void> drain() {
    if (!writing && queue.isEmpty()) {
      return Future.succeededFuture();
    }
    Promise<Void> promise = drained == null ? Promise.promise() : drained;
    drained = promise;
    return promise.future();
  }

  /** Lets go of the connection. Charges that are still queued stay pending. */
  Future<Void> close() {
    closed = true;
    PgConnection last = connection;
    connection = null;
    return (last == null ? Future.<Void>succeededFuture() : last.close()).eventually(signer::close);
  }

  private void next() {
    if (writing || closed) {
      return;
    }
    if (queue.isEmpty()) {
      if (drained != null) {
        drained.complete();
        drained = null;
      }
      return;
    }
    writing = true;
    int size = alone > 0 ? 1 : Math.min(queue.size(), options.maxBatch());
    alone = Math.max(0, alone - 1);
    List<PendingCharge> batch = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      batch.add(queue.remove());
    }
    batchSize.record(size);
    signer
        .executeBlocking(() -> SignedBatch.of(options.routerId(), key, options.settlement(), batch))
        .onSuccess(this::write)
        .onFailure(bug -> refuse(batch, bug));
  }

  private void write(SignedBatch batch) {
    if (closed) {
      return;
    }
    database
        .observe(
            connection()
                .compose(open -> open.preparedQuery(CHARGE).execute(batch.parameters()))
                .timeout(options.callTimeout().toMillis(), TimeUnit.MILLISECONDS))
        .onComplete(
            done -> {
              if (done.succeeded()) {
                pauseMillis = FIRST_PAUSE_MILLIS;
                committed(batch, done.result());
              } else if (Database.isConnectionTrouble(done.cause())) {
                retry(batch, done.cause());
              } else {
                refuse(batch.charges(), done.cause());
              }
            });
  }

  private void committed(SignedBatch batch, RowSet<Row> rows) {
    Map<UUID, Row> byRequest = HashMap.newHashMap(rows.size());
    for (Row row : rows) {
      byRequest.put(row.getUUID(0), row);
    }
    writing = false;
    next(); // the database works while the answers go out
    for (int i = 0; i < batch.charges().size(); i++) {
      PendingCharge charge = batch.charges().get(i);
      Row row = byRequest.get(charge.requestId());
      if (row == null || row.getLong(1) != charge.accountId()) {
        outcome.refused(
            charge, new LedgerException("another account has used this request id already"));
        continue;
      }
      Buffer stored = row.getBuffer(2);
      Receipt receipt =
          stored == null ? batch.receipts().get(i) : Receipt.decode(stored.getBytes());
      outcome.charged(charge, receipt, row.getLong(3), row.getLong(4));
    }
  }

  private void retry(SignedBatch batch, Throwable trouble) {
    retries.increment();
    log.atWarn()
        .addKeyValue("event", "ledger.retry")
        .addKeyValue("charges", batch.charges().size())
        .addKeyValue("pauseMillis", pauseMillis)
        .log("the charges are not confirmed and are sent again: {}", trouble.toString());
    dropConnection();
    vertx.setTimer(pauseMillis, _ -> write(batch));
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  private void refuse(List<PendingCharge> batch, Throwable refusal) {
    writing = false;
    if (batch.size() > 1) {
      alone = batch.size();
      for (int i = batch.size() - 1; i >= 0; i--) {
        queue.addFirst(batch.get(i));
      }
      next();
      return;
    }
    PendingCharge charge = batch.getFirst();
    log.atError()
        .addKeyValue("event", "ledger.refused")
        .addKeyValue("request", charge.requestId())
        .log("the database refuses a charge: {}", refusal.toString());
    next();
    outcome.refused(charge, new LedgerException("the charge was refused", refusal));
  }

  private Future<PgConnection> connection() {
    PgConnection open = connection;
    if (open != null) {
      return Future.succeededFuture(open);
    }
    return PgConnection.connect(vertx, options.database().connectOptions())
        .compose(
            fresh ->
                fresh
                    .preparedQuery(LOCK)
                    .execute(Tuple.of("cocoon-router-" + options.routerId()))
                    .compose(
                        rows -> {
                          if (!rows.iterator().next().getBoolean(0)) {
                            return Future.failedFuture(
                                new LedgerException(
                                    "another router charges under the id " + options.routerId()));
                          }
                          return Future.succeededFuture(adopt(fresh));
                        })
                    .onFailure(_ -> fresh.close()));
  }

  private PgConnection adopt(PgConnection fresh) {
    PgConnection earlier = connection;
    if (closed || earlier != null) { // a connect that timed out has come through after all
      fresh.close();
      return earlier != null ? earlier : fresh;
    }
    fresh.closeHandler(
        _ -> {
          if (Objects.equals(connection, fresh)) {
            connection = null;
          }
        });
    connection = fresh;
    return fresh;
  }

  private void dropConnection() {
    PgConnection broken = connection;
    connection = null;
    if (broken != null) {
      broken.close();
    }
  }
}
