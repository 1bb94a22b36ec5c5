package org.cocoon.worker.view;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Shows a worker's figures once a second: drawn over themselves on a terminal, and on a page that
 * only this machine reaches, by server-sent events. Figures are all that is ever shown.
 */
public final class LiveView {
  private static final long EACH_MILLIS = 1_000;

  /** Browsers that watch; one more is told to come later. */
  private static final int MOST_WATCHERS = 16;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vertx vertx;
  private final Supplier<Figures> figures;
  private final Set<HttpServerResponse> watchers = new LinkedHashSet<>();

  /**
   * Makes a view that shows nothing yet.
   *
   * @param figures what is so now; called on a Vert.x context, must not block
   */
  public LiveView(Vertx vertx, Supplier<Figures> figures) {
    this.vertx = vertx;
    this.figures = figures;
  }

  /** Draws on a terminal from now on; log lines go above it. */
  public void draw(PrintStream terminal) {
    int[] drawn = {0};
    vertx.setPeriodic(
        EACH_MILLIS,
        ignored -> {
          List<String> lines = figures.get().lines();
          StringBuilder screen = new StringBuilder();
          if (drawn[0] > 0) {
            screen.append("\u001b[").append(drawn[0]).append('A'); // up to the first line
            screen.append(drawn[0] > lines.size() ? "\u001b[J" : ""); // there are fewer now
          }
          for (String line : lines) {
            screen.append("\r\u001b[K").append(line).append('\n');
          }
          drawn[0] = lines.size();
          terminal.print(screen);
          terminal.flush();
        });
  }

  /**
   * Serves the page.
   *
   * @param port on loopback; 0: any free one
   * @return the port, or a failure if it is taken
   */
  public Future<Integer> serve(int port) {
    vertx.setPeriodic(EACH_MILLIS, ignored -> push());
    return vertx
        .createHttpServer(
            new HttpServerOptions()
                .setMaxHeaderSize(8 << 10)
                .setIdleTimeout(0)
                .setHost("127.0.0.1"))
        .requestHandler(this::answer)
        .listen(port)
        .map(HttpServer::actualPort);
  }

  private void answer(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    response.putHeader("cache-control", "no-store");
    // A page of elsewhere must not read it through a name that it lets point to this machine.
    String host = String.valueOf(request.authority() == null ? "" : request.authority().host());
    if (!host.equals("127.0.0.1") && !host.equals("localhost")) {
      response.setStatusCode(403).end("use http://127.0.0.1\n");
    } else if (!request.method().equals(HttpMethod.GET)) {
      response.setStatusCode(405).end();
    } else {
      switch (String.valueOf(request.path())) {
        case "/" ->
            response
                .putHeader("content-type", "text/html; charset=utf-8")
                .putHeader(
                    "content-security-policy",
                    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
                        + " connect-src 'self'")
                .end(page());
        case "/figures" -> response.putHeader("content-type", "application/json").end(json());
        case "/events" -> watch(response);
        default -> response.setStatusCode(404).end();
      }
    }
  }

  private void watch(HttpServerResponse response) {
    if (watchers.size() >= MOST_WATCHERS) {
      response.setStatusCode(503).end("too many watch already\n");
      return;
    }
    watchers.add(response);
    response.closeHandler(ignored -> watchers.remove(response));
    response.exceptionHandler(ignored -> watchers.remove(response));
    response
        .setChunked(true)
        .putHeader("content-type", "text/event-stream")
        .write("data: " + json() + "\n\n");
  }

  private void push() {
    if (watchers.isEmpty()) {
      return;
    }
    String event = "data: " + json() + "\n\n";
    for (HttpServerResponse watcher : watchers) {
      if (!watcher.writeQueueFull()) { // who does not read misses a second
        watcher.write(event);
      }
    }
  }

  private String json() {
    try {
      return JSON.writeValueAsString(figures.get());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("figures are plain data", e);
    }
  }

  private static String page() {
    try (InputStream in = LiveView.class.getResourceAsStream("view.html")) {
      if (in == null) {
        throw new IllegalStateException("view.html is missing in the jar");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
