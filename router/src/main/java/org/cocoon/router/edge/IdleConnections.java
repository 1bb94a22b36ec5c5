package org.cocoon.router.edge;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Closes connections on which nothing is asked for long. A server's own idle timeout would also
 * close those that wait, silently and rightly, for a long answer that comes as one body. Belongs to
 * the event loop.
 */
final class IdleConnections {
  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(75);
  private static final long SWEEP_MILLIS = 5_000;

  private static final class Use {
    int requests;
    long sinceNanos;
  }

  private final LongSupplier nanoClock;
  private final IdentityHashMap<HttpConnection, Use> uses = new IdentityHashMap<>();

  IdleConnections(Vertx vertx, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    vertx.setPeriodic(SWEEP_MILLIS, ignored -> sweep());
  }

  void opened(HttpConnection connection) {
    Use use = new Use();
    use.sinceNanos = nanoClock.getAsLong();
    uses.put(connection, use);
    connection.closeHandler(ignored -> uses.remove(connection));
  }

  void began(HttpConnection connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests++;
    }
  }

  void ended(HttpConnection connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests--;
      use.sinceNanos = nanoClock.getAsLong();
    }
  }

  void sweep() {
    long now = nanoClock.getAsLong();
    List<HttpConnection> idle = new ArrayList<>();
    uses.forEach(
        (connection, use) -> {
          if (use.requests == 0 && now - use.sinceNanos > IDLE_NANOS) {
            idle.add(connection);
          }
        });
    idle.forEach(HttpConnection::close);
  }

  int size() {
    return uses.size();
  }
}
