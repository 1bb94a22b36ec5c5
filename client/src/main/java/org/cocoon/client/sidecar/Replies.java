package org.cocoon.client.sidecar;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import org.cocoon.client.attested.Failure;

/** Short replies to an app. */
final class Replies {
  private Replies() {}

  static void json(HttpServerResponse response, int status, Buffer body) {
    if (!response.ended() && !response.closed()) {
      response.setStatusCode(status).putHeader("content-type", "application/json").end(body);
    }
  }

  static void json(HttpServerResponse response, int status, String body) {
    json(response, status, Buffer.buffer(body));
  }

  /** An error in OpenAI's shape. */
  static void refuse(HttpServerResponse response, Failure failure) {
    if (response.ended() || response.closed()) {
      return;
    }
    response.putHeader("x-should-retry", Boolean.toString(failure.retry()));
    if (failure.retryAfterSeconds() > 0) {
      response.putHeader("retry-after", Integer.toString(failure.retryAfterSeconds()));
    }
    json(response, failure.status(), failure.json());
  }

  /** A refusal of the sidecar's own. */
  static Failure failure(int status, String type, String code, String message) {
    return new Failure(status, type, message, null, code, status == 429 || status == 503, 0);
  }
}
