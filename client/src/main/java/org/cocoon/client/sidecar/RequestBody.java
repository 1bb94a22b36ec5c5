package org.cocoon.client.sidecar;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.attested.SealedException;

/** Reads an app's body within a size and a time. */
final class RequestBody {
  /** The largest body. */
  static final int LIMIT_BYTES = 4 << 20;

  private static final long TIMEOUT_MILLIS = TimeUnit.SECONDS.toMillis(30);

  private RequestBody() {}

  /**
   * Reads; fails with a {@link SealedException}, or with whatever broke the connection. What comes
   * of a body after its limit is thrown away, and the connection ends with the reply.
   */
  static Future<Buffer> read(Vertx vertx, HttpServerRequest request) {
    Promise<Buffer> promise = Promise.promise();
    Buffer body = Buffer.buffer();
    if ("100-continue".equalsIgnoreCase(request.getHeader("expect"))) {
      request.response().writeContinue();
    }
    long timer =
        vertx.setTimer(
            TIMEOUT_MILLIS,
            _ ->
                refuse(promise, request, 408, "timeout_error", "The body did not arrive in 30 s."));
    request.handler(
        part -> {
          if (body.length() + part.length() <= LIMIT_BYTES) {
            body.appendBuffer(part);
          } else {
            refuse(
                promise,
                request,
                413,
                "invalid_request_error",
                "The body is larger than the limit of %d bytes (4 MiB).".formatted(LIMIT_BYTES));
          }
        });
    request.endHandler(_ -> promise.tryComplete(body));
    request.exceptionHandler(promise::tryFail);
    return promise.future().onComplete(_ -> vertx.cancelTimer(timer));
  }

  private static void refuse(
      Promise<Buffer> promise, HttpServerRequest request, int status, String type, String message) {
    if (!promise.future().isComplete()) {
      request.response().putHeader("connection", "close");
      String code = status == 413 ? "body_too_large" : "body_timeout";
      promise.tryFail(new SealedException(Replies.failure(status, type, code, message)));
    }
  }
}
