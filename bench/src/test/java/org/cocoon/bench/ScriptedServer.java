package org.cocoon.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** A server in this process that answers each question as a test wants it. */
final class ScriptedServer implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final List<JsonObject> bodies = new CopyOnWriteArrayList<>();

  /**
   * Starts on a free port.
   *
   * @param script takes the question (the last message's content) and the response; on the event
   *     loop
   */
  ScriptedServer(BiConsumer<String, HttpServerResponse> script) {
    server =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .body()
                        .onSuccess(
                            bytes -> {
                              JsonObject body = bytes.toJsonObject();
                              bodies.add(body);
                              script.accept(
                                  body.getJsonArray("messages")
                                      .getJsonObject(0)
                                      .getString("content"),
                                  request.response());
                            }))
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.actualPort() + "/v1");
  }

  /** Bodies of all requests so far. */
  List<JsonObject> bodies() {
    return bodies;
  }

  static HttpServerResponse stream(HttpServerResponse response) {
    return response.setChunked(true).putHeader("content-type", "text/event-stream");
  }

  static Buffer content(String text) {
    return Buffer.buffer(
        "data: {\"choices\":[{\"delta\":{\"content\":\"" + text + "\"}}],\"usage\":null}\n\n");
  }

  static Buffer end(int tokens) {
    return Buffer.buffer(
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
            + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":"
            + tokens
            + "}}\n\ndata: [DONE]\n\n");
  }

  /** Goes on once a condition holds; asked every millisecond, on the event loop. */
  void when(BooleanSupplier condition, Runnable then) {
    if (condition.getAsBoolean()) {
      then.run();
    } else {
      vertx.setTimer(1, id -> when(condition, then));
    }
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
