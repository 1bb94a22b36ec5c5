package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class TurnFlusherTest {

  @Test
  void flushesInOrderAfterTheTurnAndOnceForEachAsking(Vertx vertx, VertxTestContext test) {
    Context context = vertx.getOrCreateContext();
    TurnFlusher flusher = new TurnFlusher(context);
    List<String> seen = new ArrayList<>();
    context.runOnContext(
        first -> {
          flusher.later(
              () -> {
                seen.add("one");
                flusher.later(() -> seen.add("asked while flushing"));
              });
          flusher.later(() -> seen.add("two"));
          seen.add("the turn itself");
          context.runOnContext(
              second ->
                  context.runOnContext(
                      third ->
                          test.verify(
                              () -> {
                                assertEquals(
                                    List.of(
                                        "the turn itself", "one", "two", "asked while flushing"),
                                    seen);
                                test.completeNow();
                              })));
        });
  }

  @Test
  void aFlushThatThrowsStopsNobodyElses(Vertx vertx, VertxTestContext test) {
    Context context = vertx.getOrCreateContext();
    TurnFlusher flusher = new TurnFlusher(context);
    List<String> seen = new ArrayList<>();
    context.runOnContext(
        first -> {
          flusher.later(
              () -> {
                throw new IllegalStateException("on purpose");
              });
          flusher.later(() -> seen.add("same turn"));
          context.runOnContext(
              second -> {
                flusher.later(() -> seen.add("next turn"));
                context.runOnContext(
                    third ->
                        test.verify(
                            () -> {
                              assertEquals(List.of("same turn", "next turn"), seen);
                              test.completeNow();
                            }));
              });
        });
  }
}
