package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What users must be able to rely on, seen from outside. Slow: each test starts processes. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class NetworkTest {
  @TempDir Path folder;
  private TestNetwork network;

  @BeforeEach
  void start() throws Exception {
    network = new TestNetwork(folder);
  }

  @AfterEach
  void stop() throws Exception {
    network.close();
  }

  private List<SseAnswer> askAll(int streams, int tokens) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SseAnswer>> running = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        String body = SseAnswer.body("stream number " + i, tokens);
        running.add(threads.submit(() -> SseAnswer.ask(network, body, chunks -> {})));
      }
      List<SseAnswer> answers = new ArrayList<>();
      for (Future<SseAnswer> one : running) {
        answers.add(one.get());
      }
      return answers;
    }
  }

  private void assertExact(SseAnswer answer, String prompt, int tokens) {
    assertNull(answer.error(), () -> "error " + answer.error());
    assertEquals(SseAnswer.expected(prompt, tokens), answer.text());
    assertTrue(answer.done());
    assertEquals("length", answer.finish());
    JsonObject usage = answer.usage();
    assertNotNull(usage);
    assertEquals(tokens, usage.getInteger("completion_tokens"));
  }

  @Test
  void sixtyFourStreamsAreExactAndTheLedgerCountsWhatClientsGot() throws Exception {
    network.worker("w1", "--slots", "16");
    network.worker("w2", "--slots", "16");
    List<SseAnswer> answers = askAll(64, 200);
    for (int i = 0; i < answers.size(); i++) {
      assertExact(answers.get(i), "stream number " + i, 200);
    }
    awaitUsageRows(64);
    assertEquals(64 * 200, network.query("SELECT sum(completion_tokens) FROM usage"));
    assertEquals(64, network.query("SELECT count(DISTINCT worker || request_id) FROM usage"));
    assertEquals(2, network.query("SELECT count(DISTINCT worker) FROM usage"));
  }

  @Test
  void aWorkerKilledBeforeTheFirstTokenCostsTheClientNothingButTime() throws Exception {
    Process first = network.worker("w1", "--fake-first-token-ms", "60000");
    CompletableFuture<SseAnswer> asked = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                asked.complete(SseAnswer.ask(network, SseAnswer.body("hi", 20), chunks -> {}));
              } catch (IOException | InterruptedException e) {
                asked.completeExceptionally(e);
              }
            });
    network.await("the request is at the worker", () -> network.inFlight() == 1);
    first.destroyForcibly();
    network.worker("w2");
    assertExact(asked.get(60, TimeUnit.SECONDS), "hi", 20);
    awaitUsageRows(1);
    assertEquals(20, network.query("SELECT sum(completion_tokens) FROM usage"));
  }

  @Test
  void anAnswerGoesOnExactlyWhenItsWorkerIsKilledInTheMiddle() throws Exception {
    Process first = network.worker("w1", "--fake-rate", "100");
    AtomicInteger kills = new AtomicInteger();
    SseAnswer answer =
        SseAnswer.ask(
            network,
            SseAnswer.body("a long story", 300),
            chunks -> {
              if (chunks == 50) {
                kills.incrementAndGet();
                network.worker("w2", "--fake-rate", "100");
                first.destroyForcibly();
              }
            });
    assertEquals(1, kills.get());
    assertExact(answer, "a long story", 300);
    awaitUsageRows(1);
    assertEquals(300, network.query("SELECT sum(completion_tokens) FROM usage"));
    assertEquals(1, network.query("SELECT count(*) FROM usage"));
  }

  @Test
  void aClientThatLeavesFreesItsSlotAndPaysForWhatItGot() throws Exception {
    network.worker("w1", "--fake-rate", "50", "--slots", "1");
    String body = SseAnswer.body("never mind", 2000);
    long left;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), network.apiPort())) {
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n"
                      + "content-length: %d\r\n\r\n%s")
                  .formatted(network.key(), body.length(), body)
                  .getBytes(StandardCharsets.UTF_8));
      byte[] some = new byte[4096];
      int read = 0;
      while (read < 3000) {
        read += socket.getInputStream().read(some);
      }
      assertEquals(1, network.inFlight());
      left = System.nanoTime();
    }
    network.await("the slot is free", () -> network.inFlight() == 0);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - left);
    System.out.println("slot free after a client left: " + millis + " ms (polled by HTTP)");
    assertExact(SseAnswer.ask(network, SseAnswer.body("next", 5), chunks -> {}), "next", 5);
    awaitUsageRows(2);
    long charged =
        network.query("SELECT max(completion_tokens) FROM usage WHERE completion_tokens <> 5");
    assertTrue(charged > 5 && charged < 200, "charged " + charged);
  }

  /** A charge is durable in the spool when its answer ends, and in the tables soon after. */
  private void awaitUsageRows(int rows) throws Exception {
    network.await("the ledger applied the charges", () -> usageRows() >= rows);
  }

  private long usageRows() {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void nothingIsLostOrDoubledWhenPostgresIsRestarted() throws Exception {
    network.worker("w1", "--fake-rate", "100", "--slots", "16");
    CompletableFuture<List<SseAnswer>> asked = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                asked.complete(askAll(16, 100));
              } catch (Exception e) {
                asked.completeExceptionally(e);
              }
            });
    network.await("all run", () -> network.inFlight() == 16);
    network.withoutPostgres(
        () -> network.await("all are generated", () -> network.inFlight() == 0));
    List<SseAnswer> answers = asked.get(60, TimeUnit.SECONDS);
    for (int i = 0; i < answers.size(); i++) {
      assertExact(answers.get(i), "stream number " + i, 100);
    }
    awaitUsageRows(16);
    assertEquals(1600, network.query("SELECT sum(completion_tokens) FROM usage"));
    assertEquals(16, network.query("SELECT count(*) FROM usage"));
  }

  @Test
  void aWorkerWithForeignEvidenceDoesNotAttachAndBothLogsSayWhy() throws Exception {
    Process foreign = network.launch("foreign", folder.resolve("another-root"));
    network.await(
        "its log says why",
        () -> {
          try {
            return network.log("foreign").contains("own_evidence=");
          } catch (IOException e) {
            return false;
          }
        });
    assertTrue(foreign.isAlive(), "it keeps trying");
    assertFalse(network.network().contains("foreign"));
    assertTrue(
        network.log("foreign").lines().anyMatch(line -> line.contains("SIMULATED_NOT_ALLOWED")),
        () -> "one line says the reason");
  }

  // ------------------------------------------------------------------ WebSocket

  private static final class Frames implements WebSocket.Listener {
    final Map<String, StringBuilder> texts = new ConcurrentHashMap<>();
    final Map<String, JsonObject> ends = new ConcurrentHashMap<>();
    final StringBuilder partial = new StringBuilder();

    String text(String id) {
      return String.valueOf(texts.get(id));
    }

    JsonObject end(String id) {
      return Objects.requireNonNull(ends.get(id), id);
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        JsonObject frame = new JsonObject(partial.toString());
        partial.setLength(0);
        String id = Objects.requireNonNullElse(frame.getString("id"), "none");
        switch (frame.getString("type")) {
          case "delta" ->
              texts.computeIfAbsent(id, key -> new StringBuilder()).append(frame.getString("text"));
          case "done", "error" -> ends.put(id, frame);
          default -> {}
        }
      }
      socket.request(1);
      return CompletableFuture.completedFuture(null);
    }
  }

  private WebSocket open(Frames frames) {
    return network
        .http
        .newWebSocketBuilder()
        .header("authorization", "Bearer " + network.key())
        .subprotocols("cocoon.v1")
        .buildAsync(java.net.URI.create("ws://127.0.0.1:" + network.apiPort() + "/v1/ws"), frames)
        .join();
  }

  private static String submit(String id, String prompt, int tokens) {
    JsonObject body = new JsonObject(SseAnswer.body(prompt, tokens));
    body.remove("stream");
    body.remove("stream_options");
    return new JsonObject().put("type", "submit").put("id", id).put("body", body).encode();
  }

  @Test
  void fiftyChatsOnOneSocketEachGetTheirOwnTextAndCancelStopsOne() throws Exception {
    network.worker("w1", "--fake-rate", "100", "--slots", "64");
    Frames frames = new Frames();
    WebSocket socket = open(frames);
    assertEquals("cocoon.v1", socket.getSubprotocol());
    for (int i = 0; i < 50; i++) {
      socket.sendText(submit("chat-" + i, "question " + i, 150), true).join();
    }
    network.await("the one to cancel talks", () -> frames.texts.containsKey("chat-7"));
    socket.sendText("{\"type\":\"cancel\",\"id\":\"chat-7\"}", true).join();
    network.await("all ended", () -> frames.ends.size() == 50);
    for (int i = 0; i < 50; i++) {
      JsonObject end = frames.end("chat-" + i);
      String expected = SseAnswer.expected("question " + i, 150);
      if (i == 7) {
        assertEquals("cancelled", end.getString("finish"));
        assertTrue(expected.startsWith(frames.text("chat-7")));
        assertTrue(frames.text("chat-7").length() < expected.length());
      } else {
        assertEquals("length", end.getString("finish"), end::encode);
        assertEquals(expected, frames.text("chat-" + i));
        assertEquals(150, end.getJsonObject("usage").getInteger("completion_tokens"));
      }
    }
    socket.sendText("this is not JSON", true).join();
    network.await("what is no JSON is refused", () -> frames.ends.containsKey("none"));
    socket.sendText(submit("bad", "x", -1), true).join();
    network.await("the bad one is refused", () -> frames.ends.containsKey("bad"));
    assertEquals(400, frames.end("bad").getInteger("status"));
    socket.sendText(submit("after", "still alive", 5), true).join();
    network.await("the socket still works", () -> frames.ends.containsKey("after"));
    assertEquals(SseAnswer.expected("still alive", 5), frames.text("after"));
    socket.abort();
  }

  @Test
  void aReaderWhoStopsReadingHoldsUpNobodyElse() throws Exception {
    network.worker("w1", "--slots", "8", "--context", "200000");
    String body = SseAnswer.body("a flood", 190_000);
    try (Socket stalled = new Socket(InetAddress.getLoopbackAddress(), network.apiPort())) {
      stalled.setReceiveBufferSize(4096);
      stalled
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n"
                      + "content-length: %d\r\n\r\n%s")
                  .formatted(network.key(), body.length(), body)
                  .getBytes(StandardCharsets.UTF_8));
      assertTrue(stalled.getInputStream().read() >= 0);
      List<SseAnswer> others = askAll(6, 500);
      for (int i = 0; i < others.size(); i++) {
        assertExact(others.get(i), "stream number " + i, 500);
      }
      assertEquals(1, network.inFlight(), "the stalled stream still waits for its reader");
    }
    network.await("its slot is free once it left", () -> network.inFlight() == 0);
    network.await("and it is charged", () -> usageRows() == 7);
    long charged = network.query("SELECT max(completion_tokens) FROM usage");
    assertTrue(charged < 190_000, "only a bounded part was generated: " + charged);
  }
}
