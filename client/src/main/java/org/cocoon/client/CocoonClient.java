package org.cocoon.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A client of one OpenAI-compatible server.
 *
 * <p>Calls block the calling thread and throw {@link CocoonException}; any thread may call. Waits
 * are bounded: 5 s to connect, 5 minutes to the head of the answer (a prompt may queue), 60 s
 * between two reads of a stream (servers keep it alive with comments). Close it at the end: a
 * program that leaves it open takes 0.3 s longer to exit.
 */
public final class CocoonClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration HEAD_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_ERROR_BYTES = 64 * 1024;
  private static final int MAX_BODY_BYTES = 8 * 1024 * 1024;

  private final URI base;
  private final Optional<String> key;
  private final HttpClient http;

  /**
   * Makes a client; connects at the first call.
   *
   * @param base the server's base address, e.g. {@code http://127.0.0.1:8080/v1}; without a path,
   *     {@code /v1} is meant
   * @param key sent as bearer token; empty: none
   * @throws IllegalArgumentException if the address is no http or https address
   */
  public CocoonClient(URI base, Optional<String> key) {
    this.base = normalised(base);
    this.key = key;
    // An h2c upgrade on a plain connection confuses some servers, and gains nothing here.
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
  }

  /** The base address with its path, without a slash at the end. */
  public static URI normalised(URI base) {
    String scheme = base.getScheme() == null ? "" : base.getScheme().toLowerCase(Locale.ROOT);
    if (!(scheme.equals("http") || scheme.equals("https")) || base.getHost() == null) {
      throw new IllegalArgumentException(
          "the address must be like http://127.0.0.1:8080/v1, not " + base);
    }
    String path = base.getPath() == null ? "" : base.getPath().replaceAll("/+$", "");
    return URI.create(scheme + "://" + base.getRawAuthority() + (path.isEmpty() ? "/v1" : path));
  }

  /** The base address in use. */
  public URI base() {
    return base;
  }

  /** Names of the models that can be asked, in the server's order. */
  public List<String> models() {
    return get("models").at("data").items().stream().map(model -> model.at("id").text("")).toList();
  }

  /** The network as the router sees it; Cocoon's own addition to the API. */
  public NetworkStatus network() {
    return NetworkStatus.of(get("network"));
  }

  /**
   * An answer to one of Cocoon's own calls.
   *
   * @param status of HTTP, 200 to 299
   * @param body what came
   * @param retryAfter when to ask again, where the server says that it is not done yet
   */
  public record Reply(int status, Json body, Optional<Duration> retryAfter) {}

  /**
   * Makes one of Cocoon's own calls.
   *
   * @param method of HTTP
   * @param path below the base address, without a slash at its beginning
   * @param json the request's body; empty: none
   * @throws CocoonException if the server refused it or cannot be reached
   */
  public Reply call(String method, String path, Optional<String> json) {
    HttpRequest.Builder request = request(path, QUERY_TIMEOUT);
    json.ifPresent(_ -> request.header("Content-Type", "application/json"));
    request.method(
        method,
        json.map(HttpRequest.BodyPublishers::ofString).orElse(HttpRequest.BodyPublishers.noBody()));
    HttpResponse<InputStream> response = send(request.build());
    try (InputStream body = response.body()) {
      byte[] bytes = body.readNBytes(MAX_BODY_BYTES);
      return new Reply(
          response.statusCode(), Json.parse(bytes, bytes.length), retryAfter(response));
    } catch (IOException e) {
      throw new CocoonException(
          CocoonException.Kind.NOT_UNDERSTOOD,
          method + " " + path + " was not answered with JSON",
          e);
    }
  }

  /** The network as the router's own JSON text. */
  public String networkJson() {
    return new String(getBytes("network"), StandardCharsets.UTF_8);
  }

  /**
   * Starts an answer; its pieces come from the stream, which the caller closes.
   *
   * @throws CocoonException if the server refused it or cannot be reached
   */
  public ChatStream open(ChatRequest request) {
    long start = System.nanoTime();
    HttpRequest post =
        request("chat/completions", HEAD_TIMEOUT)
            .header("Content-Type", "application/json")
            .header("Accept", "text/event-stream")
            .POST(HttpRequest.BodyPublishers.ofString(request.toJson()))
            .build();
    HttpResponse<InputStream> response = send(post);
    String type = response.headers().firstValue("Content-Type").orElse("");
    if (!type.startsWith("text/event-stream")) {
      discard(response.body());
      throw new CocoonException(
          CocoonException.Kind.NOT_UNDERSTOOD, "the server answered with '" + type + "'");
    }
    return new ChatStream(response.body(), start, IDLE_TIMEOUT, System::nanoTime);
  }

  /**
   * Waits for a whole answer.
   *
   * @param onText takes each piece as it comes, on the calling thread
   * @return what was used, where the server tells it
   */
  public Optional<Usage> chat(ChatRequest request, Consumer<String> onText) {
    try (ChatStream stream = open(request)) {
      stream.forEachRemaining(onText);
      return stream.usage();
    }
  }

  private Json get(String path) {
    byte[] body = getBytes(path);
    try {
      return Json.parse(body, body.length);
    } catch (IOException e) {
      throw new CocoonException(
          CocoonException.Kind.NOT_UNDERSTOOD, "GET " + path + " was not answered with JSON", e);
    }
  }

  private byte[] getBytes(String path) {
    try (InputStream body = send(request(path, QUERY_TIMEOUT).GET().build()).body()) {
      return body.readNBytes(MAX_BODY_BYTES);
    } catch (IOException e) {
      throw new CocoonException(CocoonException.Kind.TRUNCATED, "the connection broke off", e);
    }
  }

  private HttpRequest.Builder request(String path, Duration timeout) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(base + "/" + path)).timeout(timeout);
    key.ifPresent(token -> builder.header("Authorization", "Bearer " + token));
    return builder;
  }

  private HttpResponse<InputStream> send(HttpRequest request) {
    HttpResponse<InputStream> response;
    try {
      response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (java.net.http.HttpConnectTimeoutException | java.net.ConnectException e) {
      throw new CocoonException(
          CocoonException.Kind.UNREACHABLE, "nothing answers at " + base.getAuthority(), e);
    } catch (java.net.http.HttpTimeoutException e) {
      throw new CocoonException(CocoonException.Kind.TIMED_OUT, "no answer in time", e);
    } catch (IOException e) {
      throw new CocoonException(
          CocoonException.Kind.UNREACHABLE,
          base.getAuthority() + " closed the connection without an answer",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CocoonException(CocoonException.Kind.TIMED_OUT, "interrupted", e);
    }
    if (response.statusCode() / 100 != 2) {
      throw refusal(response);
    }
    return response;
  }

  private static CocoonException refusal(HttpResponse<InputStream> response) {
    Json error;
    try (InputStream body = response.body()) {
      byte[] bytes = body.readNBytes(MAX_ERROR_BYTES);
      error = Json.parse(bytes, bytes.length).at("error");
    } catch (IOException e) {
      return new CocoonException(
          CocoonException.kindOf(response.statusCode()),
          response.statusCode(),
          "",
          "the server answered with status " + response.statusCode(),
          retryAfter(response));
    }
    return new CocoonException(
        CocoonException.kindOf(response.statusCode()),
        response.statusCode(),
        error.at("code").text(error.at("type").text("")),
        error.at("message").text("the server answered with status " + response.statusCode()),
        retryAfter(response));
  }

  private static Optional<Duration> retryAfter(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("[0-9]{1,9}"))
        .map(text -> Duration.ofSeconds(Long.parseLong(text)));
  }

  /** An error that came inside a stream; its status, if told, decides what the caller can do. */
  static CocoonException errorWithin(Json error) {
    String code = error.at("code").text(error.at("type").text(""));
    return new CocoonException(
        CocoonException.Kind.FAILED,
        0,
        code,
        error.at("message").text("the server failed in mid-answer"),
        Optional.empty());
  }

  private static void discard(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      throw new CocoonException(CocoonException.Kind.TRUNCATED, "the connection broke off", e);
    }
  }

  /** Closes the connections. */
  @Override
  public void close() {
    http.shutdownNow();
    try {
      http.awaitTermination(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
