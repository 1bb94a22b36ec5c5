package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.cocoon.link.wire.Run;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several answers to one request, as clients see them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ChoicesEdgeTest {
  private final TestEdge edge;

  ChoicesEdgeTest() throws Exception {
    edge = new TestEdge(List.of("tools"));
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  private static String body(String more) {
    return TestEdge.BODY.substring(0, TestEdge.BODY.length() - 1) + "," + more + "}";
  }

  private static JsonObject json(String response) {
    return new JsonObject(response.substring(response.indexOf("\r\n\r\n") + 4));
  }

  private static JsonArray choices(JsonObject answer) {
    return answer.getJsonArray("choices");
  }

  private HttpRequest request(String body) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + edge.port + "/v1/chat/completions"))
        .header("authorization", "Bearer ck_test")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  /** Asks; the chunks of the answer, when it has ended. */
  private CompletableFuture<List<JsonObject>> stream(String more) {
    return edge.http
        .sendAsync(request(body("\"stream\":true," + more)), BodyHandlers.ofLines())
        .thenApply(
            response -> {
              try (Stream<String> lines = response.body()) {
                List<String> events = lines.filter(line -> line.startsWith("data: ")).toList();
                assertEquals("data: [DONE]", events.getLast());
                return events.subList(0, events.size() - 1).stream()
                    .map(event -> new JsonObject(event.substring(6)))
                    .toList();
              }
            });
  }

  private static String text(List<JsonObject> chunks, int choice) {
    StringBuilder text = new StringBuilder();
    for (JsonObject chunk : chunks) {
      for (int i = 0; i < choices(chunk).size(); i++) {
        JsonObject one = choices(chunk).getJsonObject(i);
        if (one.getInteger("index") == choice) {
          text.append(one.getJsonObject("delta").getString("content", ""));
        }
      }
    }
    return text.toString();
  }

  private static List<String> finishes(List<JsonObject> chunks) {
    List<String> finishes = new ArrayList<>();
    for (JsonObject chunk : chunks) {
      for (int i = 0; i < choices(chunk).size(); i++) {
        JsonObject one = choices(chunk).getJsonObject(i);
        if (one.getString("finish_reason") != null) {
          finishes.add(one.getInteger("index") + " " + one.getString("finish_reason"));
        }
      }
    }
    return finishes;
  }

  @Test
  void theyBeginTogetherWithSeedsThatFollowAndAreStreamedUnderTheirNumbers() throws Exception {
    CompletableFuture<List<JsonObject>> asked =
        stream("\"n\":3,\"seed\":41,\"stream_options\":{\"include_usage\":true}");
    List<Run> runs = List.of(edge.nextRun(), edge.nextRun(), edge.nextRun());
    assertEquals(
        List.of(41L, 42L, 43L), runs.stream().map(run -> run.getSampling().getSeed()).toList());
    assertEquals(1, runs.stream().map(Run::getCacheScope).distinct().count());
    assertEquals(3, edge.inFlight());
    edge.answer(runs.get(2), "C", 2);
    edge.answer(runs.get(0), "A", 1);
    edge.finish(runs.get(2));
    edge.answer(runs.get(1), "B", 3);
    edge.answer(runs.get(0), "a", 1);
    edge.finish(runs.get(1));
    edge.finish(runs.get(0));
    List<JsonObject> chunks = asked.get();
    assertEquals(
        List.of("Aa", "B", "C"), List.of(text(chunks, 0), text(chunks, 1), text(chunks, 2)));
    assertEquals(List.of("2 stop", "1 stop", "0 stop"), finishes(chunks), "each when it ends");
    JsonObject usage = chunks.getLast().getJsonObject("usage");
    assertEquals(9, usage.getInteger("prompt_tokens"), "the prompt is paid for once");
    assertEquals(7, usage.getInteger("completion_tokens"));
  }

  @Test
  void aWholeAnswerHasEachWithItsOwnEndAndCalls() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post(
          "/v1/chat/completions",
          body("\"n\":2,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}]"));
      Run first = edge.nextRun();
      Run second = edge.nextRun();
      edge.answer(second, "<tool_call>{\"name\":\"clock\",\"arguments\":{}}</tool_call>", 4);
      edge.answer(first, "It is <", 3);
      edge.finish(first);
      edge.finish(second);
      JsonArray choices = choices(json(raw.response()));
      assertEquals(2, choices.size());
      assertEquals(
          "It is <", choices.getJsonObject(0).getJsonObject("message").getString("content"));
      assertEquals("stop", choices.getJsonObject(0).getString("finish_reason"));
      assertEquals(1, choices.getJsonObject(1).getInteger("index"));
      assertEquals("tool_calls", choices.getJsonObject(1).getString("finish_reason"));
      JsonObject message = choices.getJsonObject(1).getJsonObject("message");
      assertNull(message.getString("content"));
      assertEquals(1, message.getJsonArray("tool_calls").size());
    }
  }

  @Test
  void whenTheirWorkerIsLostEachThatHadNotEndedGoesOnByItself() throws Exception {
    CompletableFuture<List<JsonObject>> asked =
        stream("\"n\":3,\"seed\":7,\"stream_options\":{\"include_usage\":true}");
    List<Run> runs = List.of(edge.nextRun(), edge.nextRun(), edge.nextRun());
    edge.answer(runs.get(0), "one", 3);
    edge.answer(runs.get(1), "two", 1);
    edge.finish(runs.get(1));
    edge.loseWorker();
    edge.attachAnother();
    List<Run> again = List.of(edge.nextRun(), edge.nextRun());
    for (Run run : again) {
      if (run.getSampling().getSeed() == 7) {
        assertEquals(3, run.getContinuation().getIdsCount());
        edge.answer(run, " more", 2);
      } else {
        assertEquals(9, run.getSampling().getSeed());
        assertFalse(run.hasContinuation(), "nothing was given of it");
        edge.answer(run, "three", 1);
      }
      edge.finish(run);
    }
    List<JsonObject> chunks = asked.get();
    assertEquals("one more", text(chunks, 0));
    assertEquals("two", text(chunks, 1));
    assertEquals("three", text(chunks, 2));
    assertEquals(3, finishes(chunks).size());
    assertEquals(
        7, chunks.getLast().getJsonObject("usage").getInteger("completion_tokens"), "no repeats");
  }

  @Test
  void whoLeavesStopsThemAll() throws Exception {
    TestEdge.Raw raw = edge.new Raw();
    raw.post("/v1/chat/completions", body("\"n\":2,\"stream\":true"));
    Run first = edge.nextRun();
    Run second = edge.nextRun();
    edge.answer(first, "x", 1);
    raw.close();
    edge.awaitCancels(List.of(first.getRun(), second.getRun()));
  }

  @Test
  void anErrorOfOneIsTheErrorOfTheRequest() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", body("\"n\":2"));
      Run first = edge.nextRun();
      Run second = edge.nextRun();
      edge.refuse(second, "bad", "stop");
      edge.awaitCancels(List.of(first.getRun()));
      edge.finish(first);
      JsonObject error = json(raw.response()).getJsonObject("error");
      assertEquals("stop", error.getString("param"));
    }
  }

  @Test
  void saysHowManyThereMayBe() throws Exception {
    String sealed =
        "{\"model\":\"test-model\",\"stream\":true,\"n\":2,\"sealed\":{\"key_id\":\""
            + "0".repeat(32)
            + "\",\"request_nonce\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"encapsulated\":\""
            + "A".repeat(43)
            + "=\",\"ciphertext\":\""
            + "A".repeat(64)
            + "\"}}";
    try (TestEdge.Raw raw = edge.new Raw()) {
      for (String body : List.of(body("\"n\":0"), body("\"n\":9"), body("\"n\":1.5"), sealed)) {
        raw.post("/v1/chat/completions", body);
        String response = raw.response();
        assertTrue(response.startsWith("HTTP/1.1 400"), response);
        assertEquals("n", json(response).getJsonObject("error").getString("param"), response);
      }
    }
  }

  @Test
  void framesOfASocketSayWhichAnswerTheyAreOf() throws Exception {
    WebSocketEdgeTest.Frames frames = new WebSocketEdgeTest.Frames();
    WebSocket socket =
        edge.http
            .newWebSocketBuilder()
            .header("authorization", "Bearer ck_test")
            .subprotocols("cocoon.v1")
            .buildAsync(URI.create("ws://127.0.0.1:" + edge.port + "/v1/ws"), frames)
            .join();
    String submit = "{\"type\":\"submit\",\"id\":\"a\",\"body\":%s}".formatted(body("\"n\":2"));
    socket.sendText(submit, true).join();
    Run first = edge.nextRun();
    Run second = edge.nextRun();
    edge.answer(second, "two", 1);
    JsonObject delta = frames.next("delta");
    assertEquals("two", delta.getString("text"));
    assertEquals(1, delta.getInteger("choice"));
    edge.finish(second);
    JsonObject ended = frames.next("choice_done");
    assertEquals(1, ended.getInteger("choice"));
    assertEquals("stop", ended.getString("finish"));
    edge.answer(first, "one", 2);
    assertEquals(0, frames.next("delta").getInteger("choice"));
    edge.finish(first);
    JsonObject done = frames.next("done");
    assertEquals(new JsonArray().add("stop").add("stop"), done.getJsonArray("finishes"));
    assertEquals(3, done.getJsonObject("usage").getInteger("completion_tokens"));
    socket.abort();
  }
}
