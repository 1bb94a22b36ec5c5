package org.cocoon.router.ledger;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.cocoon.link.sealing.CounterConflictException;
import org.cocoon.link.sealing.MonotonicCounter;
import org.jspecify.annotations.Nullable;

/**
 * The counters of one node's sealed files, in the ledger's database.
 *
 * <p>They are worth as much as the distance between the database and the files: a database in the
 * same folder tells a file that was set back alone, one elsewhere also a whole disk.
 *
 * <p>Any thread but an event loop: it blocks while the ledger's loop asks the database.
 */
final class LedgerCounter implements MonotonicCounter {
  private static final String CURRENT =
      "SELECT value, digest FROM sealed_counters WHERE node = $1 AND name = $2";
  private static final String FIRST =
      "INSERT INTO sealed_counters (node, name, value, digest) VALUES ($1, $2, $3, $4)"
          + " ON CONFLICT (node, name) DO NOTHING";
  private static final String NEXT =
      "UPDATE sealed_counters SET value = $3, digest = $4"
          + " WHERE node = $1 AND name = $2 AND value = $5";

  private final Context context;
  private final Database database;
  private final String node;
  private final Duration patience;

  /**
   * Counts for one node.
   *
   * @param context of the database's event loop
   * @param callTimeout of the database; twice that is waited for an answer at most
   */
  LedgerCounter(Context context, Database database, String node, Duration callTimeout) {
    this.context = context;
    this.database = database;
    this.node = node;
    this.patience = callTimeout.multipliedBy(2);
  }

  @Override
  public Count current(String name) throws IOException {
    Row row = await(() -> database.query(CURRENT, Tuple.of(node, name)).map(LedgerCounter::first));
    return row == null ? Count.none() : new Count(row.getLong(0), row.getBuffer(1).getBytes());
  }

  @Override
  public void advance(String name, long from, Count to) throws IOException {
    if (to.value() <= from) {
      throw new IllegalArgumentException("a counter only goes up");
    }
    Tuple row = Tuple.of(node, name, to.value(), Buffer.buffer(to.digest()));
    boolean first = from == 0;
    int moved =
        await(
            () ->
                database
                    .query(first ? FIRST : NEXT, first ? row : row.addLong(from))
                    .map(RowSet::rowCount));
    if (moved == 0) {
      throw new CounterConflictException(name, from, current(name).value());
    }
  }

  private static @Nullable Row first(RowSet<Row> rows) {
    return rows.size() == 0 ? null : rows.iterator().next();
  }

  private <T extends @Nullable Object> T await(Supplier<Future<T>> call) throws IOException {
    if (Context.isOnEventLoopThread()) {
      throw new IllegalStateException("counters block: not for an event loop");
    }
    CompletableFuture<T> answer = new CompletableFuture<>();
    context.runOnContext(
        _ -> call.get().onSuccess(answer::complete).onFailure(answer::completeExceptionally));
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException("the counters of sealed files do not answer", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("the counters of sealed files do not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the counters of sealed files", e);
    }
  }
}
