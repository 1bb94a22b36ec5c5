package org.cocoon.contracts.chain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One request to one endpoint: JSON-RPC 2.0 as toncenter speaks it, with bounds on time, size and
 * form. Any thread.
 */
final class JsonRpc implements AutoCloseable {
  private static final int MAX_RESPONSE_BYTES = 8 << 20;
  private static final int MAX_STRING_CHARS = 4 << 20;

  /** A cell is shown with all below it, two levels each: 1,023 of them and a few. */
  private static final int MAX_NESTING = 2_100;

  private static final int MAX_SHOWN = 300;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int REQUEST_TIMEOUT = 408;
  private static final long MAX_RETRY_AFTER_SECONDS = 30;

  static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(MAX_NESTING)
                      .maxStringLength(MAX_STRING_CHARS)
                      .build())
              .build());

  private final HttpClient http;
  private final Optional<String> apiKey;
  private final Duration timeout;

  /** What an endpoint answered. */
  sealed interface Answer {
    /** What was asked for. */
    record Result(JsonNode value) implements Answer {}

    /** It does not want this request, now or ever. */
    record Refused(String why) implements Answer {}

    /** It cannot now; perhaps it said for how long. */
    record Unavailable(String why, Duration retryAfter) implements Answer {}
  }

  JsonRpc(Optional<String> apiKey, Duration timeout) {
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .build();
    this.apiKey = apiKey;
    this.timeout = timeout;
  }

  Answer call(URI endpoint, String method, ObjectNode params) throws InterruptedException {
    ObjectNode body = JSON.createObjectNode();
    body.put("jsonrpc", "2.0").put("id", "1").put("method", method).set("params", params);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(rpc(endpoint))
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
    apiKey.ifPresent(key -> request.header("X-API-Key", key));
    CompletableFuture<HttpResponse<byte[]>> future =
        http.sendAsync(
            request.build(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_RESPONSE_BYTES));
    try {
      return read(future.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return unavailable("no answer within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String why = cause.getMessage() == null ? "the connection failed" : cause.getMessage();
      return unavailable(cause.getClass().getSimpleName() + ": " + shown(why));
    } finally {
      future.cancel(true);
    }
  }

  private static URI rpc(URI endpoint) {
    String text = endpoint.toString();
    return URI.create((text.endsWith("/") ? text : text + "/") + "jsonRPC");
  }

  private static Answer read(HttpResponse<byte[]> response) {
    int status = response.statusCode();
    if (status == TOO_MANY_REQUESTS) {
      return new Answer.Unavailable("too many requests (429)", retryAfter(response));
    }
    JsonNode root;
    try {
      root = JSON.readTree(response.body());
    } catch (JsonProcessingException e) {
      return unavailable("status " + status + ", and not JSON: " + shown(e.getOriginalMessage()));
    } catch (IOException e) {
      return unavailable("status " + status + ", and unreadable");
    }
    if (root == null || !root.isObject()) {
      return unavailable("status " + status + ", and not a JSON object");
    }
    if (status == 200 && root.path("ok").asBoolean(false) && root.has("result")) {
      return new Answer.Result(root.get("result"));
    }
    JsonNode error = root.path("error");
    String why = shown(error.isObject() ? error.path("message").asText() : error.asText());
    String said = "status " + status + ": " + why;
    boolean refused = status >= 400 && status < 500 && status != REQUEST_TIMEOUT;
    return refused || isFinal(why) ? new Answer.Refused(said) : unavailable(said);
  }

  /** What a node says of an external message that it will never take, whatever the status. */
  private static boolean isFinal(String why) {
    String lower = why.toLowerCase(Locale.ROOT);
    return lower.contains("cannot apply external message")
        || lower.contains("was not accepted")
        || lower.contains("rejected by transaction")
        || lower.contains("duplicate message");
  }

  private static Duration retryAfter(HttpResponse<byte[]> response) {
    try {
      long seconds = Long.parseLong(response.headers().firstValue("Retry-After").orElse("0"));
      return Duration.ofSeconds(Math.clamp(seconds, 0, MAX_RETRY_AFTER_SECONDS));
    } catch (NumberFormatException e) {
      return Duration.ZERO;
    }
  }

  private static Answer unavailable(String why) {
    return new Answer.Unavailable(why, Duration.ZERO);
  }

  /** One line, and not a long one: it comes from a stranger. */
  static String shown(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    return line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) + "..." : line;
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
