package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.fleet.TestWorkers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sealed requests over HTTP and the WebSocket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SealedEdgeTest {
  private static final String KEY_ID = "00112233445566778899aabbccddeeff";
  private static final String SEALED =
      "\"sealed\":{\"key_id\":\"%s\",\"request_nonce\":\"%s\",\"encapsulated\":\"%s\",\"ciphertext\":\"%s\"}"
          .formatted(KEY_ID, base64(16), base64(32), base64(64));
  private static final String BODY = "{\"model\":\"test-model\",\"stream\":true," + SEALED + "}";

  private TestEdge edge;

  SealedEdgeTest() throws Exception {
    edge = new TestEdge(List.of("sealed"));
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  private static String base64(int bytes) {
    return Base64.getEncoder().encodeToString(new byte[bytes]);
  }

  private CompletableFuture<HttpResponse<String>> post(String body) {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:%d/v1/chat/completions".formatted(edge.port)))
            .header("authorization", "Bearer ck_test")
            .POST(BodyPublishers.ofString(body))
            .build();
    return edge.http.sendAsync(request, BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String target) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.port + target))
            .header("authorization", "Bearer ck_test")
            .build();
    return edge.http.send(request, BodyHandlers.ofString());
  }

  private void chunk(Run run, byte[] chunk, int tokens) throws Exception {
    edge.say(
        FromWorker.newBuilder()
            .addTokens(
                Tokens.newBuilder()
                    .setRun(run.getRun())
                    .setSealed(ByteString.copyFrom(chunk))
                    .setSealedCount(tokens))
            .build());
  }

  private static JsonObject error(HttpResponse<String> response, int status) {
    assertEquals(status, response.statusCode(), response.body());
    return new JsonObject(response.body()).getJsonObject("error");
  }

  @Test
  void streamsChunksAsTheyComeAndEndsWithTheUsage() throws Exception {
    CompletableFuture<HttpResponse<String>> answer = post(BODY);
    Run run = edge.nextRun();
    assertTrue(run.hasSealed());
    assertFalse(run.hasSampling());
    byte[] chunk = {-1, 0, 34, 92, 10};
    chunk(run, chunk, 2);
    chunk(run, new byte[] {1}, 0);
    edge.finish(run);
    HttpResponse<String> response = answer.get();
    assertEquals(200, response.statusCode());
    String[] events = response.body().split("\n\n", -1);
    assertEquals(5, events.length, response.body());
    JsonObject first = new JsonObject(events[0].substring("data: ".length()));
    assertEquals("cocoon.sealed.chunk", first.getString("object"));
    assertEquals("chatcmpl-" + run.getRequestId(), first.getString("id"));
    assertEquals(Base64.getEncoder().encodeToString(chunk), first.getString("sealed"));
    assertEquals(2, first.getInteger("tokens"));
    JsonObject end = new JsonObject(events[2].substring("data: ".length()));
    assertEquals("cocoon.sealed.end", end.getString("object"));
    assertEquals("stop", end.getString("finish_reason"));
    assertEquals(2, end.getJsonObject("usage").getInteger("completion_tokens"));
    assertFalse(end.getJsonObject("usage").getString("receipt").isEmpty());
    assertEquals("data: [DONE]", events[3]);
  }

  @Test
  void saysWhatIsWrongWithABody() throws Exception {
    JsonObject whole = error(post(BODY.replace("\"stream\":true,", "")).get(), 400);
    assertEquals("stream", whole.getString("param"));
    JsonObject both = error(post(BODY.replace("{\"model", "{\"messages\":[],\"model")).get(), 400);
    assertEquals("messages", both.getString("param"));
    JsonObject bad = error(post(BODY.replace(base64(16), "AAAA")).get(), 400);
    assertEquals("sealed.request_nonce", bad.getString("param"));
  }

  @Test
  void aKeyThatNoWorkerHasIsAConflictThatARetryDoesNotHelp() throws Exception {
    CompletableFuture<HttpResponse<String>> answer = post(BODY);
    Run run = edge.nextRun();
    edge.say(
        FromWorker.newBuilder()
            .addFailed(
                Failed.newBuilder()
                    .setRun(run.getRun())
                    .setCode(FailureCode.FAILURE_SEALED_KEY)
                    .setMessage("no such key"))
            .build());
    JsonObject error = error(answer.get(), 409);
    assertEquals("sealed_key_unknown", error.getString("type"));
    assertTrue(error.getString("message").contains("/v1/group-keys"));
    assertEquals("false", answer.get().headers().firstValue("x-should-retry").orElse(""));
  }

  @Test
  void aFailureInMidStreamIsAnEventAsInPlainStreams() throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        post(BODY.replace("{\"model", "{\"timeout\":0.001,\"model"));
    chunk(edge.nextRun(), new byte[] {1}, 1);
    edge.loseWorker();
    while (!answer.isDone()) { // until its deadline of a millisecond is seen
      edge.read(
          () -> {
            edge.path.tick();
            return true;
          });
    }
    String[] events = answer.get().body().split("\n\n", -1);
    assertTrue(events[0].contains("cocoon.sealed.chunk"));
    JsonObject last = new JsonObject(events[events.length - 2].substring("data: ".length()));
    assertEquals("timeout_error", last.getJsonObject("error").getString("type"));
  }

  @Test
  void aModelThatNobodyOpensPromptsForIsSaidApartFromOneThatIsAway() throws Exception {
    edge.loseWorker();
    assertEquals("no_worker", error(post(BODY).get(), 503).getString("code"));
    edge.close();
    edge = new TestEdge();
    JsonObject never = error(post(BODY).get(), 404);
    assertEquals("model_not_found", never.getString("code"));
    assertTrue(never.getString("message").contains("sealed"));
    assertFalse(new JsonObject(get("/v1/models/test-model").body()).getBoolean("sealed"));
  }

  @Test
  void showsKeysToEverybodyAndWhichModelsHaveThem() throws Exception {
    long notAfter = System.currentTimeMillis() + 100_000;
    GroupKey key =
        GroupKey.newBuilder()
            .setKeyId(KEY_ID)
            .setModel(TestWorkers.MODEL)
            .setEpoch(7)
            .setNotAfterMillis(notAfter)
            .build();
    GroupKeyStatement statement =
        GroupKeyStatement.newBuilder()
            .setKey(key.toByteString())
            .setCertificate(ByteString.copyFrom("certificate", StandardCharsets.US_ASCII))
            .build();
    edge.say(FromWorker.newBuilder().addGroupKeys(statement).build());
    HttpRequest withoutKey =
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:%d/v1/group-keys?model=test-model".formatted(edge.port)))
            .build();
    String body = edge.http.send(withoutKey, BodyHandlers.ofString()).body();
    JsonArray data = new JsonObject(body).getJsonArray("data");
    assertEquals(1, data.size());
    JsonObject offer = data.getJsonObject(0);
    assertEquals(KEY_ID, offer.getString("key_id"));
    assertEquals("test-model", offer.getString("model"));
    assertEquals(7, offer.getInteger("epoch"));
    assertEquals(notAfter / 1000, offer.getLong("not_after"));
    byte[] bytes = Base64.getDecoder().decode(offer.getString("statement"));
    assertEquals(statement, GroupKeyStatement.parseFrom(bytes));
    assertEquals("{\"data\":[]}", get("/v1/group-keys?model=other").body());
    assertEquals("model", error(get("/v1/group-keys"), 400).getString("param"));
    assertTrue(
        new JsonObject(get("/v1/models").body())
            .getJsonArray("data")
            .getJsonObject(0)
            .getBoolean("sealed"));
  }

  @Test
  void aSocketCarriesSealedChatsBesidePlainOnes() throws Exception {
    WebSocketEdgeTest.Frames frames = new WebSocketEdgeTest.Frames();
    WebSocket socket =
        edge.http
            .newWebSocketBuilder()
            .header("authorization", "Bearer ck_test")
            .subprotocols("cocoon.v1")
            .buildAsync(URI.create("ws://127.0.0.1:" + edge.port + "/v1/ws"), frames)
            .join();
    String body = "{\"model\":\"test-model\"," + SEALED + "}";
    socket.sendText("{\"type\":\"submit\",\"id\":\"s\",\"body\":%s}".formatted(body), true).join();
    Run run = edge.nextRun();
    chunk(run, new byte[] {1, 2, 3}, 2);
    JsonObject sealed = frames.next("sealed");
    assertEquals("AQID", sealed.getString("sealed"));
    assertEquals(2, sealed.getInteger("tokens"));
    assertEquals(1, sealed.getInteger("seq"));
    edge.finish(run);
    JsonObject done = frames.next("done");
    assertEquals(2, done.getInteger("seq"));
    assertEquals(2, done.getJsonObject("usage").getInteger("completion_tokens"));
    socket
        .sendText(
            "{\"type\":\"submit\",\"id\":\"t\",\"body\":%s}"
                .formatted(body.replace("{\"model", "{\"stop\":\"x\",\"model")),
            true)
        .join();
    assertEquals("stop", frames.next("error").getString("param").replace("body.", ""));
    socket.abort();
  }
}
