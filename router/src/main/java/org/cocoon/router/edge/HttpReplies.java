package org.cocoon.router.edge;

import io.vertx.core.http.HttpServerResponse;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.request.Refusal;

/** Short replies. */
final class HttpReplies {
  private HttpReplies() {}

  static void refuse(HttpServerResponse response, Refusal refusal) {
    if (response.ended() || response.closed() || response.headWritten()) {
      return;
    }
    ErrorTable.Row row = ErrorTable.row(refusal.kind());
    response
        .setStatusCode(row.status())
        .putHeader("content-type", "application/json")
        .putHeader("x-should-retry", Boolean.toString(row.retry()));
    if (refusal.retryAfterSeconds() > 0) {
      response.putHeader("retry-after", Integer.toString(refusal.retryAfterSeconds()));
    }
    response.end(ErrorTable.json(refusal));
  }

  /** Says what the answer can cost at most, before it begins. */
  static void hold(HttpServerResponse response, NanoTon hold) {
    if (!response.headWritten()) {
      response.putHeader("x-cocoon-hold-nanoton", Long.toString(hold.nanos()));
    }
  }

  static void json(HttpServerResponse response, String body) {
    response.putHeader("content-type", "application/json").end(body);
  }
}
