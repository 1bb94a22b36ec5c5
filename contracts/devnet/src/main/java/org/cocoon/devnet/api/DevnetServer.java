package org.cocoon.devnet.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.Function;
import org.cocoon.devnet.chain.Chain;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainThread;
import org.jspecify.annotations.Nullable;

/** The devnet's HTTP server. Its handlers only parse and ask the chain's thread. */
public final class DevnetServer {
  private static final int MAX_BODY_BYTES = 2 << 20;
  private static final int IDLE_SECONDS = 60;
  private static final String PAGE_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
          + " connect-src 'self'; img-src data:";

  private final Vertx vertx;
  private final ChainThread chain;
  private final Router router;
  private final Buffer page = pageBytes();

  /** A server for a chain. */
  public DevnetServer(Vertx vertx, ChainThread chain) {
    this.vertx = vertx;
    this.chain = chain;
    router = Router.router(vertx);
    routes();
  }

  /** Listens; the future has the server with its port. */
  public Future<HttpServer> listen(String host, int port) {
    HttpServerOptions options = new HttpServerOptions().setIdleTimeout(IDLE_SECONDS);
    return vertx.createHttpServer(options).requestHandler(router).listen(port, host);
  }

  private void routes() {
    router.route().handler(BodyHandler.create(false).setBodyLimit(MAX_BODY_BYTES));
    router.post("/api/v2/jsonRPC").handler(this::jsonRpc);
    for (String name : Toncenter.names()) {
      router.get("/api/v2/" + name).handler(context -> rest(context, name));
      router.post("/api/v2/" + name).handler(context -> rest(context, name));
    }
    Controls.POSTS.forEach(
        (name, method) -> router.post("/devnet/" + name).handler(c -> control(c, method)));
    Controls.GETS.forEach(
        (name, method) -> router.get("/devnet/" + name).handler(c -> control(c, method)));
    new Explorer()
        .calls()
        .forEach((name, method) -> router.get("/devnet/" + name).handler(c -> control(c, method)));
    for (String path : new String[] {"/", "/account/:address", "/tx/:hash"}) {
      router.get(path).handler(this::page);
    }
    router.route().last().handler(context -> Replies.fail(context, 404, "Not Found", null));
    router.errorHandler(
        413, context -> Replies.fail(context, 413, "a body has at most 2 MiB", null));
    router.errorHandler(405, context -> Replies.fail(context, 405, "Method Not Allowed", null));
  }

  private void page(RoutingContext context) {
    context
        .response()
        .putHeader("content-type", "text/html; charset=utf-8")
        .putHeader("content-security-policy", PAGE_POLICY)
        .end(page);
  }

  private static Buffer pageBytes() {
    try (InputStream in = DevnetServer.class.getResourceAsStream("explorer.html")) {
      if (in == null) {
        throw new IllegalStateException("explorer.html is missing: build the module again");
      }
      return Buffer.buffer(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void rest(RoutingContext context, String name) {
    Arguments arguments;
    try {
      arguments = arguments(context);
    } catch (ChainException e) {
      Replies.failed(context, e, null);
      return;
    }
    answer(context, null, c -> Toncenter.call(c, name, arguments));
  }

  private void control(RoutingContext context, Toncenter.Method method) {
    Arguments arguments;
    try {
      arguments = arguments(context);
    } catch (ChainException e) {
      Replies.failed(context, e, null);
      return;
    }
    answer(context, null, c -> method.answer(c, c.view(), arguments));
  }

  private void jsonRpc(RoutingContext context) {
    JsonNode call;
    try {
      call = body(context);
    } catch (ChainException e) {
      Replies.failed(context, e, null);
      return;
    }
    JsonNode id = call.path("id");
    JsonNode method = call.path("method");
    JsonNode parameters = call.path("params");
    if (!method.isTextual() || !(parameters.isObject() || parameters.isMissingNode())) {
      Replies.fail(context, 422, "a call has a method, a text, and params, an object", id);
      return;
    }
    Arguments arguments = new Arguments(parameters);
    answer(context, id, c -> Toncenter.call(c, method.asText(), arguments));
  }

  private void answer(
      RoutingContext context, @Nullable JsonNode id, Function<Chain, JsonNode> task) {
    Context loop = vertx.getOrCreateContext();
    try {
      Future.fromCompletionStage(chain.ask(task), loop)
          .onSuccess(result -> Replies.ok(context, result, id))
          .onFailure(failure -> Replies.failed(context, failure, id));
    } catch (ChainException e) {
      Replies.failed(context, e, id);
    }
  }

  /** From the query, or the JSON object that is the body. */
  private static Arguments arguments(RoutingContext context) {
    if (context.body().length() > 0) {
      return new Arguments(body(context));
    }
    ObjectNode node = Shapes.JSON.createObjectNode();
    for (Map.Entry<String, String> entry : context.queryParams()) {
      node.put(entry.getKey(), entry.getValue());
    }
    return new Arguments(node);
  }

  private static JsonNode body(RoutingContext context) {
    try {
      Buffer buffer = context.body().buffer();
      JsonNode node = Shapes.JSON.readTree(buffer == null ? new byte[0] : buffer.getBytes());
      if (node.isObject()) {
        return node;
      }
    } catch (JsonProcessingException e) {
      throw Arguments.wrong("the body is no JSON");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw Arguments.wrong("the body is a JSON object");
  }
}
