package org.cocoon.client.attested;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A whole answer of the router.
 *
 * @param status of HTTP
 * @param contentType as the router says it
 * @param retryAfterSeconds as the router says it; 0: not said
 * @param body at most {@link #MAX_BYTES}
 */
public record RouterReply(int status, String contentType, int retryAfterSeconds, Buffer body) {
  /** The largest answer that is read as a whole. */
  public static final int MAX_BYTES = 4 << 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Whether the router did what was asked. */
  public boolean ok() {
    return status / 100 == 2;
  }

  /** Sends a request without a body and reads its answer; fails with a {@link SealedException}. */
  static Future<RouterReply> whole(Future<HttpClientRequest> request) {
    return request.compose(
        sent ->
            sent.send()
                .compose(RouterReply::read)
                .recover(fault -> Future.failedFuture(SealedCall.broken(fault))));
  }

  /** Reads an answer to its end; resets the stream if it is too long. */
  static Future<RouterReply> read(HttpClientResponse response) {
    Promise<RouterReply> promise = Promise.promise();
    Buffer body = Buffer.buffer();
    response.exceptionHandler(promise::tryFail);
    response.endHandler(
        _ ->
            promise.tryComplete(
                new RouterReply(
                    response.statusCode(),
                    String.valueOf(response.getHeader("content-type")),
                    seconds(response.getHeader("retry-after")),
                    body)));
    response.handler(
        part -> {
          if (body.length() + part.length() > MAX_BYTES) {
            promise.tryFail(
                new SealedException(
                    Failure.notUnderstood("it is longer than " + MAX_BYTES + " bytes")));
            response.request().reset();
          } else {
            body.appendBuffer(part);
          }
        });
    return promise.future();
  }

  private static int seconds(@Nullable String header) {
    return header != null && header.matches("[0-9]{1,6}") ? Integer.parseInt(header) : 0;
  }

  static JsonNode parse(Buffer body) {
    return parse(body.getBytes(), body.length());
  }

  static JsonNode parse(byte[] bytes, int length) {
    try {
      return JSON.readTree(bytes, 0, length);
    } catch (IOException e) {
      throw new SealedException(Failure.notUnderstood("it is no JSON"));
    }
  }

  /** The first model of a list of models; empty if this is none. */
  public Optional<String> firstModel() {
    String name = ok() ? parse(body).path("data").path(0).path("id").asText() : "";
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  /** The router's sentence about an error. */
  public String failureMessage() {
    return failure().message();
  }

  /** The router's own error, passed on in its words. */
  Failure failure() {
    JsonNode error;
    try {
      error = parse(body).path("error");
    } catch (SealedException e) {
      error = JSON.missingNode();
    }
    return failure(error, status, retryAfterSeconds);
  }

  static Failure failure(JsonNode error, int status, int retryAfterSeconds) {
    return new Failure(
        status,
        error.path("type").asText("server_error"),
        error.path("message").asText("the router answered with status " + status),
        error.path("param").isTextual() ? error.path("param").textValue() : null,
        error.path("code").asText(""),
        status >= 500 || status == 408 || status == 409 || status == 429,
        retryAfterSeconds);
  }
}
