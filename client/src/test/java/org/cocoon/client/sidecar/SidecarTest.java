package org.cocoon.client.sidecar;

import static org.cocoon.client.attested.ScriptedRouter.MODEL;
import static org.cocoon.client.attested.ScriptedRouter.says;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.cocoon.client.attested.ScriptedRouter;
import org.cocoon.client.attested.ScriptedRouter.Exchange;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.TokenLogprob;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The way of a request through the sidecar, with a router that is trusted. */
@Timeout(60)
final class SidecarTest extends SidecarFixture {
  private static final long FLOOD_BYTES = 64 << 20;
  private static final long SILENCE_MILLIS = 300;

  SidecarTest(@TempDir Path dir) throws IOException {
    super(dir);
  }

  @Test
  void wholeAnswerIsTheWorkersTextWithTheRoutersBill() throws Exception {
    router.script(says("Yes", ", it ", "sings \u00fc \"\n"));
    HttpResponse<String> response = chat(CHAT);
    assertEquals(200, response.statusCode(), response.body());
    JsonNode answer = JSON.readTree(response.body());
    assertEquals(
        "Yes, it sings \u00fc \"\n",
        answer.path("choices").path(0).path("message").path("content").asText());
    assertEquals("stop", answer.path("choices").path(0).path("finish_reason").asText());
    assertEquals(3, answer.path("usage").path("completion_tokens").asInt());
    assertEquals(4200, answer.path("usage").path("cost_nanoton").asInt());
    assertEquals(ScriptedRouter.receipt(3, 4_200), answer.path("usage").path("receipt").asText());
    assertTrue(answer.path("usage").path("cocoon_warning").isMissingNode());
    String id = "01890a5d-ac96-774b-bcce-b302099a8057";
    assertEquals(id, response.headers().firstValue("x-request-id").orElse(""));
    assertEquals("chatcmpl-" + id, answer.path("id").asText());
  }

  @Test
  void streamIsTheWorkersTextPieceByPiece() throws Exception {
    router.script(says("Yes", ", it ", "sings"));
    HttpResponse<String> response =
        chat(STREAM.replace("true}", "true,\"stream_options\":{\"include_usage\":true}}"));
    assertEquals("Yes, it sings", text(response));
    List<String> events = events(response.body());
    assertTrue(events.getFirst().contains("\"role\":\"assistant\""), events.getFirst());
    assertEquals("data: [DONE]", events.getLast());
    JsonNode usage = JSON.readTree(events.get(events.size() - 2).substring(6)).path("usage");
    assertEquals(ScriptedRouter.receipt(3, 4_200), usage.path("receipt").asText());
    assertEquals(1 + 3 + 1 + 1 + 1, events.size(), response.body());
  }

  @Test
  void workerGetsTheWholeRequestAndTheRouterNoneOfIt() throws Exception {
    AtomicReference<PrivatePrompt> asked = new AtomicReference<>();
    router.script(
        exchange -> {
          asked.set(exchange.prompt());
          says("Y").answer(exchange);
        });
    chat(
        CHAT.replace(
            "}]}",
            "}],\"temperature\":0.5,\"seed\":7,\"stop\":[\"halt\"],\"max_tokens\":9,"
                + "\"priority\":2,\"user\":\"me\"}"));
    PrivatePrompt prompt = asked.get();
    assertEquals("Is the canary alive?", prompt.getChat().getMessages(0).getContent());
    assertEquals(0.5f, prompt.getSampling().getTemperature());
    assertEquals(7, prompt.getSampling().getSeed());
    assertEquals(List.of("halt"), prompt.getStopList());
    String seen = router.bodies.getFirst().encode();
    for (String secret : List.of("canary", "halt", "temperature", "seed", "\"me\"", "messages")) {
      assertFalse(seen.contains(secret), secret + " is in " + seen);
    }
    assertEquals(9, router.bodies.getFirst().getInteger("max_tokens"));
    assertEquals(2, router.bodies.getFirst().getInteger("priority"));
  }

  @Test
  void plainCompletionsAndLogprobsComeThrough() throws Exception {
    router.script(
        exchange -> {
          assertEquals("Once", exchange.prompt().getText());
          PrivateTokens tokens =
              PrivateTokens.newBuilder()
                  .addIds(5)
                  .setText(ByteString.copyFromUtf8(" upon"))
                  .addLogprobs(
                      TokenLogprob.newBuilder()
                          .setPiece(ByteString.copyFromUtf8(" upon"))
                          .setLogprob(-0.25f))
                  .build();
          exchange.chunk(exchange.seal(tokens, true), 1);
          exchange.end("length", 1);
        });
    HttpResponse<String> response =
        post("/v1/completions", "{\"model\":\"small-1\",\"prompt\":\"Once\",\"logprobs\":0}");
    JsonNode choice = JSON.readTree(response.body()).path("choices").path(0);
    assertEquals(" upon", choice.path("text").asText());
    assertEquals("length", choice.path("finish_reason").asText());
    assertEquals(-0.25, choice.path("logprobs").path("token_logprobs").path(0).asDouble());
  }

  @Test
  void groupKeyIsFetchedOnceAndAgainBeforeItsEnd() throws Exception {
    router.script(says("Y"));
    chat(CHAT);
    chat(CHAT);
    assertEquals(1, fetchesOfKeys());
    now.set(NOW.plusSeconds(3600 - 31));
    chat(CHAT);
    assertEquals(1, fetchesOfKeys());
    now.set(NOW.plusSeconds(3600 - 29));
    router.newGroupKey();
    assertEquals(200, chat(CHAT).statusCode());
    assertEquals(2, fetchesOfKeys());
  }

  @Test
  void outdatedGroupKeyIsFetchedAgainOnce() throws Exception {
    router.script(says("Y"));
    chat(CHAT);
    router.rotateAtTheWorker();
    router.stateTheWorkersKey();
    assertEquals(200, chat(CHAT).statusCode());
    assertEquals(2, fetchesOfKeys());
    router.rotateAtTheWorker();
    HttpResponse<String> refused = chat(CHAT);
    assertEquals(409, refused.statusCode());
    assertEquals("sealed_key_unknown", error(refused).path("type").asText());
    assertEquals(5, router.bodies.size(), "asked twice, and not a third time");
  }

  private long fetchesOfKeys() {
    return router.requests.stream().filter(r -> r.contains("/v1/group-keys")).count();
  }

  @Test
  void appsKeyIsUsedAndItsAbsenceFilledIn() throws Exception {
    router.script(says("Y"));
    post("/v1/chat/completions", CHAT, "Authorization", "Bearer ck_app");
    get("/v1/models");
    assertEquals(
        List.of(
            "GET /v1/group-keys?model=" + MODEL + " Bearer ck_app",
            "POST /v1/chat/completions Bearer ck_app",
            "GET /v1/models Bearer ck_own"),
        router.requests);
  }

  @Test
  void wrongRequestsAreToldHereAndNotSent() throws Exception {
    HttpResponse<String> noMessages = chat("{\"model\":\"small-1\",\"messages\":[]}");
    assertEquals(400, noMessages.statusCode());
    assertEquals("messages", error(noMessages).path("param").asText());
    HttpResponse<String> hot = chat(CHAT.replace("}]}", "}],\"temperature\":3}"));
    assertEquals("temperature", error(hot).path("param").asText());
    assertEquals("n", error(chat(CHAT.replace("}]}", "}],\"n\":2}"))).path("param").asText());
    assertEquals(400, chat("{").statusCode());
    HttpResponse<String> sealed =
        chat(
            """
            {"model":"small-1","stream":true,"sealed":{"key_id":"%s","request_nonce":"%s==",
            "encapsulated":"%s=","ciphertext":"%s"}}\
            """
                .formatted("0".repeat(32), "A".repeat(22), "A".repeat(43), "A".repeat(400)));
    assertEquals("sealed", error(sealed).path("param").asText(), sealed.body());
    assertEquals(413, chat(" ".repeat(RequestBody.LIMIT_BYTES + 1)).statusCode());
    HttpResponse<String> unknown = get("/v1/embeddings");
    assertEquals(404, unknown.statusCode());
    assertEquals("unknown_path", error(unknown).path("code").asText());
    assertEquals(List.of(), router.requests);
  }

  @Test
  void websitesMayNotSpendTheOwnersKey() throws Exception {
    HttpResponse<String> refused =
        post("/v1/chat/completions", CHAT, "Origin", "https://evil.example");
    assertEquals(403, refused.statusCode());
    assertEquals(List.of(), router.requests);
    router.script(says("Y"));
    assertEquals(
        200, post("/v1/chat/completions", CHAT, "Origin", "http://localhost:3000").statusCode());
  }

  @Test
  void billThatDoesNotMatchTheTokensIsToldToTheApp() throws Exception {
    router.script(
        exchange -> {
          exchange.chunk(exchange.seal("Y", 1, true), 1);
          exchange.end("stop", 900, "");
        });
    JsonNode usage = JSON.readTree(chat(CHAT).body()).path("usage");
    assertEquals(
        "The router billed 900 completion tokens, and 1 came.",
        usage.path("cocoon_warning").asText());
    assertTrue(chat(STREAM).body().contains(": cocoon_warning The router billed 900"));
  }

  @Test
  void appThatGoesAwayCancelsTheGeneration() throws Exception {
    CompletableFuture<Void> cancelled = new CompletableFuture<>();
    router.script(
        exchange -> {
          exchange.response().closeHandler(_ -> cancelled.complete(null));
          exchange.chunk(exchange.seal("So far", 1, false), 1);
        });
    openStream("So far").close();
    cancelled.get(10, TimeUnit.SECONDS);
  }

  @Test
  void appThatDoesNotReadHoldsUpOnlyItsOwnAnswer() throws Exception {
    CompletableFuture<Long> heldUp = new CompletableFuture<>();
    router.script(exchange -> flood(exchange, 0, heldUp));
    byte[] request =
        ("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: "
                + STREAM.length()
                + "\r\n\r\n"
                + STREAM)
            .getBytes(StandardCharsets.US_ASCII);
    try (Socket deaf = new Socket(InetAddress.getLoopbackAddress(), sidecar().port())) {
      deaf.getOutputStream().write(request);
      long sent = heldUp.get(30, TimeUnit.SECONDS);
      assertTrue(sent < FLOOD_BYTES, sent + " bytes, and it was not held up");
      router.script(says("quick"));
      assertTrue(chat(CHAT).body().contains("quick"));
    }
  }

  /** Sends chunks until nothing more goes out for a while, or far too much did. */
  private static void flood(Exchange exchange, long sent, CompletableFuture<Long> heldUp) {
    long total = sent;
    while (!exchange.response().writeQueueFull()) {
      byte[] chunk = exchange.seal("x".repeat(16 << 10), 1, false);
      exchange.chunk(chunk, 1);
      total += chunk.length;
    }
    long soFar = total;
    if (soFar > FLOOD_BYTES) {
      heldUp.complete(soFar);
      return;
    }
    Vertx vertx = exchange.vertx();
    long silence = vertx.setTimer(SILENCE_MILLIS, _ -> heldUp.complete(soFar));
    exchange
        .response()
        .drainHandler(
            _ -> {
              vertx.cancelTimer(silence);
              if (!heldUp.isDone()) {
                flood(exchange, soFar, heldUp);
              }
            });
  }

  @Test
  void saysWhatWasVerified() throws Exception {
    JsonNode before = JSON.readTree(get("/attestation").body());
    assertFalse(before.path("router").path("verified").asBoolean());
    assertEquals(503, get("/health/ready").statusCode());
    router.script(says("Y"));
    chat(CHAT);
    JsonNode page = JSON.readTree(get("/attestation").body());
    assertTrue(page.path("simulated").asBoolean());
    assertFalse(page.path("confidential").asBoolean());
    assertTrue(page.path("summary").asText().contains("SIMULATED"));
    assertEquals(1, page.path("requests_sealed").asInt());
    assertTrue(page.path("router").path("verified").asBoolean());
    assertEquals("5a".repeat(48), page.path("router").path("measurements").path("mrTd").asText());
    JsonNode model = page.path("models").path(MODEL);
    assertEquals(32, model.path("group_key").asText().length());
    assertTrue(model.path("key_manager").path("simulated").asBoolean());
    assertEquals(200, get("/health/ready").statusCode());
  }

  @Test
  void stoppingEndsRunningStreamsWithAnError() throws Exception {
    router.script(exchange -> exchange.chunk(exchange.seal("So far", 1, false), 1));
    try (OpenStream stream = openStream("So far")) {
      sidecar().stop().get(2, TimeUnit.SECONDS);
      assertEquals("draining", lastError(stream.readToTheEnd()).path("code").asText());
    }
  }
}
