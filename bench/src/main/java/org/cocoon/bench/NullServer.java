package org.cocoon.bench;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An OpenAI-compatible server that costs next to nothing: every answer is the same bytes from
 * memory. What a generator measures against it is the generator's own limit.
 */
final class NullServer extends VerticleBase {
  private static final String CHUNK =
      "data: {\"id\":\"chatcmpl-null\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,"
          + "\"model\":\"null\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},"
          + "\"finish_reason\":null}],\"usage\":null}\n\n";

  private final String host;
  private final int port;
  private final List<Buffer> writes;
  private @Nullable HttpServer server;

  /**
   * Makes a server.
   *
   * @param port 0: any free one
   * @param tokens pieces of text in each answer, at least 1
   * @param eventsPerWrite how many of them go into one write, at least 1
   */
  NullServer(String host, int port, int tokens, int eventsPerWrite) {
    this.host = host;
    this.port = port;
    this.writes = writes(tokens, eventsPerWrite);
  }

  private static List<Buffer> writes(int tokens, int eventsPerWrite) {
    List<Buffer> writes = new ArrayList<>();
    for (int sent = 0; sent < tokens; sent += eventsPerWrite) {
      writes.add(Buffer.buffer(CHUNK.repeat(Math.min(eventsPerWrite, tokens - sent))));
    }
    writes.add(
        Buffer.buffer(
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],"
                + "\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
                + "\"completion_tokens\":"
                + tokens
                + "}}\n\ndata: [DONE]\n\n"));
    return writes;
  }

  @Override
  public Future<?> start() {
    server = vertx.createHttpServer();
    return server.requestHandler(this::answer).listen(port, host);
  }

  /** The port that it listens on; after its start. */
  int port() {
    return server == null ? 0 : server.actualPort();
  }

  private void answer(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    if (request.method().equals(HttpMethod.GET)) {
      response.putHeader("content-type", "application/json").end("{\"data\":[{\"id\":\"null\"}]}");
      return;
    }
    request.endHandler(
        nothing -> {
          response.setChunked(true).putHeader("content-type", "text/event-stream");
          int last = writes.size() - 1;
          for (int i = 0; i < last; i++) {
            response.write(writes.get(i));
          }
          response.end(writes.get(last));
        });
  }
}
