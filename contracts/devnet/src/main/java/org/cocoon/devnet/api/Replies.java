package org.cocoon.devnet.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.CompletionException;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.chain.ChainException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers as toncenter has them, and the one place that turns failures into HTTP. */
final class Replies {
  private static final Logger log = LoggerFactory.getLogger(Replies.class);
  private static final String JSON = "application/json; charset=utf-8";

  /**
   * A failure as HTTP has it.
   *
   * @param code HTTP status
   * @param message a sentence
   */
  private record Problem(int code, String message) {}

  private Replies() {}

  static void ok(RoutingContext context, JsonNode result, @Nullable JsonNode id) {
    ObjectNode node = Shapes.JSON.createObjectNode().put("ok", true);
    node.set("result", result);
    send(context, 200, node, id);
  }

  static void failed(RoutingContext context, Throwable failure, @Nullable JsonNode id) {
    Problem problem = problem(failure);
    fail(context, problem.code(), problem.message(), id);
  }

  static void fail(RoutingContext context, int code, String message, @Nullable JsonNode id) {
    ObjectNode node = Shapes.JSON.createObjectNode();
    node.put("ok", false).put("error", message).put("code", code);
    send(context, code, node, id);
  }

  private static void send(
      RoutingContext context, int code, ObjectNode node, @Nullable JsonNode id) {
    if (id != null) {
      node.put("jsonrpc", "2.0").set("id", id);
    }
    if (context.response().ended() || context.response().closed()) {
      return;
    }
    context
        .response()
        .setStatusCode(code)
        .putHeader("content-type", JSON)
        .putHeader("cache-control", "no-store")
        .end(node.toString());
  }

  private static String said(Throwable failure) {
    return String.valueOf(failure.getMessage());
  }

  private static Problem problem(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof CellException) {
      return new Problem(422, said(cause));
    }
    if (cause instanceof ChainException e) {
      return switch (e.kind()) {
        case WRONG -> new Problem(422, said(e));
        case MISSING -> new Problem(404, "LITE_SERVER_NOTREADY: " + said(e));
        case REFUSED -> new Problem(500, "LITE_SERVER_UNKNOWN: " + said(e));
        case BUSY -> new Problem(503, said(e));
        case BROKEN -> new Problem(500, said(e));
      };
    }
    log.atError().addKeyValue("event", "request_failed").setCause(cause).log("");
    return new Problem(500, "the devnet has a bug: see its log");
  }
}
