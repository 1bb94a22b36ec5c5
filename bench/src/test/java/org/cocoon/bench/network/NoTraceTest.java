package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.cocoon.bench.network.Canary.Found;
import org.cocoon.bench.network.Launcher.Api;
import org.cocoon.bench.network.Launcher.Outcome;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing of a request survives it: marked prompts go through a whole network in every way that a
 * client can send them, wrong ones included, and then the mark is nowhere: not in a log, a metric,
 * a file, the database, nor among the live objects of the router, the workers and the key manager.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class NoTraceTest {
  private static final long SEED = Long.getLong("cocoon.seed", System.nanoTime());

  private final HttpClient http = HttpClient.newHttpClient();
  private Path folder = Path.of("");
  private Launcher launcher;
  private Api api;
  private Api sealed;
  private Process sidecar;

  @BeforeAll
  void start(@TempDir Path fresh) throws Exception {
    folder = fresh;
    launcher = new Launcher(fresh);
    Outcome up =
        launcher.run(
            "up",
            "--detach",
            "--port",
            "0",
            "--workers",
            "2",
            "--engine",
            "fake",
            "--fake-rate",
            "2000");
    assertEquals(0, up.status(), up::output);
    api = launcher.api(http);
    int port = freePort();
    sidecar = launcher.start("sidecar.log", "client", "--listen", "127.0.0.1:" + port);
    sealed = new Api(http, "http://127.0.0.1:" + port + "/v1", api.key());
    Launcher.await("the sidecar has verified the router", this::sidecarReady);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private boolean sidecarReady() throws Exception {
    assertTrue(sidecar.isAlive(), () -> "the sidecar ended: " + folder.resolve("sidecar.log"));
    try {
      return http.send(
                  sealed
                      .request("/../health/ready")
                      .uri(URI.create(sealed.base().replace("/v1", "/health/ready")))
                      .build(),
                  BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (ConnectException e) {
      return false;
    }
  }

  @AfterAll
  void stop() throws Exception {
    if (sidecar != null) {
      sidecar.destroy();
      assertTrue(sidecar.waitFor(10, TimeUnit.SECONDS), "the sidecar does not stop");
    }
    launcher.stop();
    http.close();
  }

  /** A search that finds nothing proves nothing unless it can find. */
  @Test
  void theSearchFindsEveryForm() throws IOException {
    Canary canary = new Canary(new Random(SEED));
    canary
        .forms()
        .forEach(
            (form, bytes) -> {
              String around = "before ";
              byte[] planted = new byte[around.length() + bytes.length + 3];
              System.arraycopy(bytes, 0, planted, around.length(), bytes.length);
              assertTrue(canary.in(planted).contains(form), form);
            });
    for (String before : List.of("", "a", "ab")) {
      byte[] text = (before + canary.word() + " and more").getBytes(StandardCharsets.UTF_8);
      byte[] encoded = java.util.Base64.getEncoder().encode(text);
      assertFalse(canary.in(encoded).isEmpty(), () -> "base64 after '" + before + "'");
    }
    Path file = folder.resolve("planted");
    Files.writeString(file, "x".repeat(100_000) + canary.word());
    assertEquals(1, canary.below(folder).size());
    Files.delete(file);
  }

  @Test
  void nothingOfARequestSurvivesIt() throws Exception {
    Canary question = new Canary(new Random(SEED + 1));
    Canary answer = new Canary(ask(question.word()));
    Launcher.await("nothing runs any more", this::idle);
    List<String> found = new ArrayList<>();
    find(question, found);
    find(answer, found);
    assertTrue(
        found.isEmpty(), () -> "seed " + SEED + ", the mark is in\n" + String.join("\n", found));
  }

  private void find(Canary canary, List<String> found) throws Exception {
    for (Found one : canary.below(folder)) { // data and logs, the sidecar's too
      found.add(one.toString());
    }
    for (String path : List.of("/network", "/models", "/../metrics")) {
      byte[] body =
          http.send(
                  api.request(path).uri(URI.create(api.base() + path).normalize()).build(),
                  BodyHandlers.ofByteArray())
              .body();
      canary.in(body).forEach(form -> found.add(path + ": " + form));
    }
    for (Program program : programs()) {
      Path dump = folder.resolve(program.name() + ".hprof");
      Outcome jcmd =
          launcher.bash("jcmd %d GC.heap_dump '%s'".formatted(program.pid(), dump.toString()));
      assertEquals(0, jcmd.status(), jcmd::output);
      long megabytes = Files.size(dump) >> 20;
      assertTrue(megabytes > 5, () -> program + ": a heap dump of " + megabytes + " MB");
      canary.in(dump).forEach(one -> found.add(program.name() + "'s heap: " + one.form()));
      Files.delete(dump);
    }
  }

  private record Program(String name, long pid) {}

  private List<Program> programs() throws IOException {
    JsonObject state = launcher.state();
    return List.of(
        new Program("router", state.getLong("router")),
        new Program("keys", state.getLong("keys")),
        new Program("sidecar", sidecar.pid()),
        new Program("worker-1", launcher.worker(1)),
        new Program("worker-2", launcher.worker(2)));
  }

  private boolean idle() throws Exception {
    return api.workers().stream().allMatch(worker -> worker.getInteger("in_flight") == 0);
  }

  // ------------------------------------------------------------------ every way to ask

  /** Returns a part of the answer that each way gave. */
  private String ask(String mark) throws Exception {
    String prompt = "Remember \"" + mark + "\", caf\u00e9 \ud83d\ude00.";
    String body = SseAnswer.body(prompt, 64);
    SseAnswer stream = SseAnswer.ask(http, api.request("/chat/completions"), body, chunks -> {});
    assertNull(stream.error());
    assertTrue(stream.done());
    JsonObject whole = new JsonObject(body);
    whole.remove("stream");
    whole.remove("stream_options");
    assertEquals(64, api.ask(whole).getJsonObject("usage").getInteger("completion_tokens"));
    cutOff(prompt);
    overWebSocket(body, prompt);
    for (String wrong : wrongBodies(whole, mark)) {
      int status =
          http.send(
                  api.request("/chat/completions")
                      .POST(java.net.http.HttpRequest.BodyPublishers.ofString(wrong))
                      .build(),
                  BodyHandlers.ofString())
              .statusCode();
      assertTrue(status >= 400 && status < 500, () -> status + " for " + wrong);
    }
    SseAnswer through =
        SseAnswer.ask(http, sealed.request("/chat/completions"), body, chunks -> {});
    assertNull(through.error());
    assertEquals(stream.text(), through.text(), "sealed and open");
    assertEquals(64, sealed.ask(whole).getJsonObject("usage").getInteger("completion_tokens"));
    return stream.text().strip().substring(0, 40);
  }

  /** What goes wrong must not be quoted in a log: each has the mark where the fault is. */
  private static List<String> wrongBodies(JsonObject whole, String mark) {
    return List.of(
        "{\"model\":\"fake\",\"messages\":[{\"role\":\"user\",\"content\":\"" + mark,
        "{\"model\":\"fake\", " + mark + "}",
        "[\"" + mark + "\"]",
        whole.copy().put("model", mark).encode(),
        whole.copy().put("temperature", mark).encode(),
        whole.copy().put("stop", List.of(mark.repeat(20))).encode(),
        whole.copy().put("messages", List.of(new JsonObject().put("role", mark))).encode(),
        whole
            .copy()
            .put(
                "messages",
                List.of(
                    new JsonObject().put("role", "user").put("content", (mark + " ").repeat(4000))))
            .encode());
  }

  /** A client that leaves in the middle. */
  private void cutOff(String prompt) throws Exception {
    try (HttpClient leaving = HttpClient.newHttpClient()) {
      String body = SseAnswer.body(prompt, 1500);
      try {
        SseAnswer.ask(
            leaving,
            api.request("/chat/completions"),
            body,
            chunks -> {
              if (chunks == 5) {
                throw new IOException("enough");
              }
            });
      } catch (IOException e) {
        assertEquals("enough", e.getMessage());
      }
      leaving.shutdownNow();
    }
  }

  private void overWebSocket(String body, String prompt) throws Exception {
    CompletableFuture<String> done = new CompletableFuture<>();
    WebSocket socket =
        http.newWebSocketBuilder()
            .subprotocols("cocoon.v1")
            .header("authorization", "Bearer " + api.key())
            .buildAsync(
                URI.create(api.base().replaceFirst("^http", "ws") + "/ws"),
                new WebSocket.Listener() {
                  private final StringBuilder frame = new StringBuilder();

                  @Override
                  public CompletionStage<?> onText(
                      WebSocket from, CharSequence data, boolean last) {
                    frame.append(data);
                    if (last) {
                      String type = new JsonObject(frame.toString()).getString("type");
                      if (type.equals("done") || type.equals("error")) {
                        done.complete(type);
                      }
                      frame.setLength(0);
                    }
                    from.request(1);
                    return CompletableFuture.completedFuture(null);
                  }

                  @Override
                  public void onError(WebSocket from, Throwable fault) {
                    done.completeExceptionally(fault);
                  }
                })
            .get(10, TimeUnit.SECONDS);
    JsonObject submitted = new JsonObject(body);
    submitted.remove("stream");
    submitted.remove("stream_options");
    socket
        .sendText(
            new JsonObject().put("type", "submit").put("id", "1").put("body", submitted).encode(),
            true)
        .get(10, TimeUnit.SECONDS);
    assertEquals("done", done.get(20, TimeUnit.SECONDS), prompt);
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(10, TimeUnit.SECONDS);
  }
}
