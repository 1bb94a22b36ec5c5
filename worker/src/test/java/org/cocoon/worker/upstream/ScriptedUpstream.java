package org.cocoon.worker.upstream;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server that does what a test says, also what no server should. */
final class ScriptedUpstream {
  /** One request as it came, and the way to answer it. */
  final class Asked {
    final String path;
    final JsonObject body;
    final BlockingQueue<Boolean> gone = new LinkedBlockingQueue<>();
    private final HttpServerResponse response;

    Asked(HttpServerRequest request, Buffer body) {
      this.path = String.valueOf(request.path());
      this.body = new JsonObject(body);
      this.response = request.response();
      response.exceptionHandler(ignored -> {});
      request.connection().closeHandler(ignored -> gone.add(true));
    }

    /** Begins an event stream. */
    Asked stream() {
      context.runOnContext(
          ignored ->
              response
                  .setChunked(true)
                  .putHeader("content-type", "text/event-stream; charset=utf-8")
                  .writeHead());
      return this;
    }

    Asked raw(Buffer bytes) {
      context.runOnContext(ignored -> response.write(bytes));
      return this;
    }

    Asked event(String data) {
      return raw(Buffer.buffer("data: " + data + "\n\n"));
    }

    /** A chunk of a chat with text and nothing else. */
    Asked text(String text) {
      return event(
          "{\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":null}]}"
              .formatted(Json.encode(text)));
    }

    Asked finish(String reason) {
      return event(
          "{\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}"
              .formatted(reason));
    }

    Asked usage(int prompt, int completion) {
      return event(
          "{\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d}}"
              .formatted(prompt, completion));
    }

    void done() {
      event("[DONE]");
      end();
    }

    void end() {
      context.runOnContext(ignored -> response.end());
    }

    void status(int code, String body) {
      context.runOnContext(ignored -> response.setStatusCode(code).end(body));
    }

    void drop() {
      context.runOnContext(ignored -> response.reset());
    }
  }

  final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private final Context context;
  private final HttpServer server;
  volatile String models;
  volatile String props = "{\"default_generation_settings\":{\"n_ctx\":512},\"total_slots\":3}";
  volatile String metrics = "";

  /** Listens; {@code ownedBy} says which kind of server it plays. */
  ScriptedUpstream(Vertx vertx, String ownedBy) throws Exception {
    models =
        "{\"data\":[{\"id\":\"m\",\"owned_by\":\"%s\",\"max_model_len\":1000}]}".formatted(ownedBy);
    context = vertx.getOrCreateContext();
    server =
        vertx
            .createHttpServer()
            .requestHandler(this::answer)
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
  }

  private void answer(HttpServerRequest request) {
    switch (String.valueOf(request.path())) {
      case "/v1/models" -> request.response().end(models);
      case "/props" -> request.response().end(props);
      case "/api/ps" -> request.response().end("{\"models\":[]}");
      case "/metrics" -> request.response().end(metrics);
      case "/v1/chat/completions", "/v1/completions" ->
          request.body().onSuccess(body -> asked.add(new Asked(request, body)));
      default -> request.response().setStatusCode(404).end();
    }
  }

  URI base() {
    return URI.create("http://127.0.0.1:" + server.actualPort());
  }

  /** The next request; waits for it. */
  Asked next() throws InterruptedException {
    Asked next = asked.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing was asked");
    }
    return next;
  }

  void close() throws Exception {
    server.close().await(10, TimeUnit.SECONDS);
  }
}
