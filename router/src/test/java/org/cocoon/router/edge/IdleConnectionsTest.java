package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IdleConnectionsTest {
  private final Vertx vertx = Vertx.vertx();
  private final List<String> closed = new ArrayList<>();
  private final List<Handler<Void>> closeHandlers = new ArrayList<>();
  private long now;
  private final IdleConnections idle = new IdleConnections(vertx, () -> now);

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  /** A connection of which only the closing is of interest. */
  @SuppressWarnings("unchecked") // closeHandler's only argument
  private HttpConnection connection(String name) {
    Object proxy =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {HttpConnection.class},
            (self, method, arguments) -> {
              switch (method.getName()) {
                case "close" -> closed.add(name);
                case "closeHandler" -> closeHandlers.add((Handler<Void>) arguments[0]);
                default -> throw new UnsupportedOperationException(method.getName());
              }
              return null;
            });
    return (HttpConnection) proxy;
  }

  @Test
  void closesWhatIsIdleAndNotWhatWaitsForALongAnswer() {
    HttpConnection silent = connection("silent");
    HttpConnection waiting = connection("waiting");
    idle.opened(silent);
    idle.opened(waiting);
    idle.began(waiting);
    now += IdleConnections.IDLE_NANOS;
    idle.sweep();
    assertEquals(List.of(), closed);
    now += 1;
    idle.sweep();
    assertEquals(List.of("silent"), closed);
    closeHandlers.getFirst().handle(null);
    assertEquals(1, idle.size());
    now += 10 * IdleConnections.IDLE_NANOS;
    idle.sweep();
    assertEquals(List.of("silent"), closed, "an answer may take long");
    idle.ended(waiting);
    idle.sweep();
    assertEquals(List.of("silent"), closed, "its time begins with the answer's end");
    now += IdleConnections.IDLE_NANOS + 1;
    idle.sweep();
    assertEquals(List.of("silent", "waiting"), closed);
  }
}
