package org.cocoon.router.edge;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.concurrent.TimeUnit;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;

/**
 * Reads a request's body within a size and a time. A body that is too large is refused at once, by
 * its announced length where it has one; what still arrives of it is thrown away for a while, so
 * that the client can read the refusal, and then the connection is closed.
 */
final class BodyReader {
  /** The largest body. */
  static final int LIMIT_BYTES = 4 << 20;

  private static final long TIMEOUT_MILLIS = TimeUnit.SECONDS.toMillis(30);
  private static final long DISCARD_MILLIS = TimeUnit.SECONDS.toMillis(5);

  private BodyReader() {}

  /** Reads; fails with a {@link RefusedException}, or with whatever broke the connection. */
  static Future<Buffer> read(Vertx vertx, HttpServerRequest request) {
    Promise<Buffer> promise = Promise.promise();
    String announced = request.getHeader("content-length");
    if (announced != null && longer(announced)) {
      return Future.failedFuture(tooLarge());
    }
    if ("100-continue".equalsIgnoreCase(request.getHeader("expect"))) {
      request.response().writeContinue();
    }
    Buffer body = Buffer.buffer();
    long timer =
        vertx.setTimer(
            TIMEOUT_MILLIS,
            ignored ->
                promise.tryFail(
                    new RefusedException(
                        Refusal.of(
                            Kind.BODY_TIMEOUT,
                            "The body did not arrive within %d s."
                                .formatted(TIMEOUT_MILLIS / 1000)))));
    request.handler(
        part -> {
          if (body.length() + part.length() > LIMIT_BYTES) {
            promise.tryFail(tooLarge());
          } else {
            body.appendBuffer(part);
          }
        });
    request.endHandler(ignored -> promise.tryComplete(body));
    request.exceptionHandler(promise::tryFail);
    request.resume();
    return promise.future().onComplete(ignored -> vertx.cancelTimer(timer));
  }

  private static boolean longer(String announced) {
    try {
      return Long.parseLong(announced.trim()) > LIMIT_BYTES;
    } catch (NumberFormatException e) {
      return false; // the HTTP decoder refuses it by itself
    }
  }

  private static RefusedException tooLarge() {
    return new RefusedException(
        Refusal.of(
            Kind.BODY_TOO_LARGE,
            "The body is larger than the limit of %d bytes (4 MiB).".formatted(LIMIT_BYTES)));
  }

  /**
   * Throws away what is left of a body whose answer is already decided. Called once for a request.
   */
  static void discard(Vertx vertx, HttpServerRequest request) {
    if (request.isEnded()) {
      return;
    }
    request.handler(part -> {});
    long timer = vertx.setTimer(DISCARD_MILLIS, ignored -> cutOff(request));
    request.endHandler(ignored -> vertx.cancelTimer(timer));
    request.exceptionHandler(ignored -> vertx.cancelTimer(timer));
    request.resume();
  }

  /** On HTTP/2 a connection carries others' requests too, so only the stream ends. */
  private static void cutOff(HttpServerRequest request) {
    if (request.version() == HttpVersion.HTTP_2) {
      request.response().reset();
    } else {
      request.connection().close();
    }
  }
}
