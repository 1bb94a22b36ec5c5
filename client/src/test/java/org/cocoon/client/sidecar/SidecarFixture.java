package org.cocoon.client.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.cocoon.client.attested.ScriptedRouter;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.link.evidence.CollateralSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** An app, a sidecar and a scripted router, on a clock that stands still. */
abstract class SidecarFixture {
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  static final ObjectMapper JSON = new ObjectMapper();
  static final String CHAT =
      """
      {"model":"small-1","messages":[{"role":"user","content":"Is the canary alive?"}]}\
      """;
  static final String STREAM = CHAT.substring(0, CHAT.length() - 1) + ",\"stream\":true}";

  final AtomicReference<Instant> now = new AtomicReference<>(NOW);
  final InstantSource clock = now::get;
  final HttpClient app = HttpClient.newHttpClient();
  final ScriptedRouter router;
  private final AtomicReference<Sidecar> sidecar = new AtomicReference<>();

  SidecarFixture(@TempDir Path dir) throws IOException {
    router = ScriptedRouter.start(dir, clock);
  }

  @AfterEach
  void closeAll() throws Exception {
    app.shutdownNow();
    if (sidecar.get() != null) {
      sidecar.get().stop().get(10, TimeUnit.SECONDS);
    }
    router.close();
  }

  Sidecar sidecar() {
    return sidecarOf(router);
  }

  Sidecar sidecarOf(ScriptedRouter of) {
    if (sidecar.get() == null) {
      SealedSession.Options session =
          new SealedSession.Options(
              of.address(),
              of.policyFile(),
              CollateralSource.NONE,
              clock,
              Sidecar.MAX_IN_FLIGHT,
              Optional.empty());
      try {
        sidecar.set(
            Sidecar.start(new SidecarOptions("127.0.0.1", 0, session, Optional.of("ck_own"))));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return sidecar.get();
  }

  /** Takes another sidecar than the usual one. */
  void use(Sidecar other) {
    sidecar.set(other);
  }

  URI url(String path) {
    return URI.create("http://127.0.0.1:" + sidecar().port() + path);
  }

  HttpResponse<String> get(String path) throws Exception {
    return app.send(
        HttpRequest.newBuilder(url(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url(path)).POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return app.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> chat(String body) throws Exception {
    return post("/v1/chat/completions", body);
  }

  static JsonNode error(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).path("error");
  }

  /** Opens a stream and reads it up to this text. */
  OpenStream openStream(String upTo) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(url("/v1/chat/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(STREAM))
            .build();
    OpenStream stream =
        new OpenStream(app.send(request, HttpResponse.BodyHandlers.ofInputStream()).body());
    stream.readUpTo(upTo);
    return stream;
  }

  /** A stream that an app is reading. */
  static final class OpenStream implements AutoCloseable {
    private final InputStream in;
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();

    OpenStream(InputStream in) {
      this.in = in;
    }

    void readUpTo(String text) throws IOException {
      while (!read.toString(UTF_8).contains(text)) {
        int next = in.read();
        assertTrue(next >= 0, "it ended before");
        read.write(next);
      }
    }

    String readToTheEnd() throws IOException {
      in.transferTo(read);
      return read.toString(UTF_8);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** The events of a stream, with their "data: ". */
  static List<String> events(String stream) {
    return List.of(stream.strip().split("\n\n", -1));
  }

  /** The error that ends a stream. */
  static JsonNode lastError(HttpResponse<String> stream) throws IOException {
    return lastError(stream.body());
  }

  static JsonNode lastError(String stream) throws IOException {
    String last = events(stream).getLast();
    return JSON.readTree(last.substring("data: ".length())).path("error");
  }

  /** The text of a stream's chunks. */
  static String text(HttpResponse<String> stream) throws IOException {
    return text(stream.body());
  }

  static String text(String stream) throws IOException {
    StringBuilder text = new StringBuilder();
    for (String event : events(stream)) {
      if (event.startsWith("data: {")) {
        JsonNode choice = JSON.readTree(event.substring(6)).path("choices").path(0);
        text.append(choice.path("delta").path("content").asText(""));
        text.append(choice.path("text").asText(""));
      }
    }
    return text.toString();
  }
}
