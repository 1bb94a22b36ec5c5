package org.cocoon.client.sidecar;

import static org.cocoon.client.attested.ScriptedRouter.IMAGE;
import static org.cocoon.client.attested.ScriptedRouter.policy;
import static org.cocoon.client.attested.ScriptedRouter.says;
import static org.cocoon.client.attested.ScriptedRouter.state;
import static org.cocoon.client.attested.ScriptedRouter.withEpoch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.attested.Failure;
import org.cocoon.client.attested.ScriptedRouter;
import org.cocoon.client.attested.ScriptedRouter.Script;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.wire.GroupKeyStatement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Routers, key managers and answers that must not be believed. */
@Timeout(60)
final class DistrustTest extends SidecarFixture {
  private static final String OTHER_IMAGE = "ab".repeat(32);

  @TempDir Path counting;

  DistrustTest(@TempDir Path dir) throws IOException {
    super(dir);
  }

  // ------------------------------------------------------------------ routers

  @Test
  void routerOfAnotherImageSeesNoByte() throws Exception {
    assertRefusedUnheard("IMAGE_NOT_ALLOWED", of -> of.allow(otherImage(of)));
  }

  @Test
  void simulatedRouterSeesNoByteUnderAProductionPolicy() throws Exception {
    Policy production =
        policy(Set.of(Policy.INTEL_SGX_ROOT), Set.of(), Set.of(IMAGE.imageHash(Role.ROUTER)));
    assertRefusedUnheard("SIMULATED_NOT_ALLOWED", of -> of.allow(production));
  }

  @Test
  void routerWithExpiredEvidenceSeesNoByte() throws Exception {
    assertRefusedUnheard("NOT_VALID_NOW", _ -> now.set(NOW.plus(Duration.ofHours(25))));
  }

  /** Without this, the three above could pass because nothing is ever counted. */
  @Test
  void trustedRouterIsHeard() throws Exception {
    try (ScriptedRouter trusted = ScriptedRouter.startCounting(counting, clock)) {
      sidecarOf(trusted);
      CompletableFuture<HttpResponse<String>> unanswered =
          app.sendAsync(chatRequest(CHAT), HttpResponse.BodyHandlers.ofString());
      trusted.heard.get(10, TimeUnit.SECONDS);
      assertTrue(trusted.plaintextBytes.get() > 0);
      assertTrue(unanswered.cancel(true));
    }
  }

  private interface Spoiler {
    void spoil(ScriptedRouter router) throws IOException;
  }

  private void assertRefusedUnheard(String reason, Spoiler spoiler) throws Exception {
    try (ScriptedRouter untrusted = ScriptedRouter.startCounting(counting, clock)) {
      spoiler.spoil(untrusted);
      sidecarOf(untrusted);
      for (String body : List.of(CHAT, STREAM)) {
        HttpResponse<String> refused = chat(body);
        assertEquals(502, refused.statusCode(), refused.body());
        assertEquals(Failure.ROUTER_NOT_TRUSTED, error(refused).path("type").asText());
        assertEquals(reason, error(refused).path("code").asText(), refused.body());
        assertEquals("false", refused.headers().firstValue("x-should-retry").orElse(""));
      }
      assertEquals(502, get("/v1/models").statusCode());
      assertEquals(0, untrusted.plaintextBytes.get(), "bytes after the handshake");
      JsonNode page = JSON.readTree(get("/attestation").body());
      assertTrue(page.path("summary").asText().startsWith("The router is not verified"));
    }
  }

  private static Policy otherImage(ScriptedRouter of) throws IOException {
    return policy(Set.of(), of.policy().simulatedRoots(), Set.of(OTHER_IMAGE));
  }

  @Test
  void plainAddressIsRefusedAtStart() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new SealedSession.Options(
                    URI.create("http://127.0.0.1:8080"),
                    router.policyFile(),
                    CollateralSource.NONE,
                    clock,
                    1,
                    Optional.empty()));
    assertTrue(String.valueOf(refused.getMessage()).contains("without evidence nothing is sent"));
  }

  @Test
  void routerThatTheNewPolicyRefusesIsLeftWithinASecond() throws Exception {
    CompletableFuture<Void> closed = new CompletableFuture<>();
    router.script(
        exchange -> {
          exchange.response().closeHandler(_ -> closed.complete(null));
          exchange.chunk(exchange.seal("So far", 1, false), 1);
        });
    try (OpenStream stream = openStream("So far")) {
      long changed = System.nanoTime();
      router.allow(otherImage(router));
      String all = stream.readToTheEnd();
      closed.get(10, TimeUnit.SECONDS);
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - changed);
      assertTrue(millis < 5_000, millis + " ms; the promise is a second on a machine that is free");
      assertEquals("So far", text(all));
      assertEquals(Failure.ROUTER_NOT_TRUSTED, lastError(all).path("type").asText());
    }
    int before = router.requests.size();
    assertEquals("IMAGE_NOT_ALLOWED", error(chat(CHAT)).path("code").asText());
    assertEquals(before, router.requests.size());
  }

  // ------------------------------------------------------------------ key managers

  @Test
  void forgedStatementIsNotSealedTo() throws Exception {
    router.statements.set(List.of(withEpoch(router.newGroupKey(), 99)));
    assertKeyRefused("STATEMENT_SIGNATURE");
  }

  @Test
  void expiredStatementIsNotSealedTo() throws Exception {
    now.set(NOW.plus(Duration.ofMinutes(61)));
    assertKeyRefused("KEY_NOT_VALID_NOW");
  }

  @Test
  void statementOfAnotherModelIsNotSealedTo() throws Exception {
    router.statements.set(
        List.of(
            state(
                router.drawKey("large-1", Duration.ofHours(1)).publicHalf(),
                router.identity(Role.KEYS))));
    assertKeyRefused("WRONG_MODEL");
  }

  @Test
  void statementThatTheRouterSignedItselfIsNotSealedTo() throws Exception {
    router.statements.set(
        List.of(
            state(
                router.drawKey(ScriptedRouter.MODEL, Duration.ofHours(1)).publicHalf(),
                router.identity(Role.ROUTER))));
    assertKeyRefused("WRONG_ROLE");
  }

  @Test
  void goodStatementBehindABadOneIsTaken() throws Exception {
    GroupKeyStatement good = router.newGroupKey();
    router.statements.set(List.of(withEpoch(good, 99), good));
    router.script(says("Y"));
    assertEquals(200, chat(CHAT).statusCode());
  }

  private void assertKeyRefused(String reason) throws Exception {
    HttpResponse<String> refused = chat(CHAT);
    assertEquals(502, refused.statusCode(), refused.body());
    assertEquals(Failure.KEYS_NOT_TRUSTED, error(refused).path("type").asText());
    assertEquals(reason, error(refused).path("code").asText());
    assertEquals(List.of(), router.bodies, "nothing was sealed");
  }

  // ------------------------------------------------------------------ answers

  @Test
  void changedChunkEndsTheAnswer() throws Exception {
    assertNotAuthentic(
        "one",
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, false), 1);
          byte[] second = exchange.seal("two", 1, true);
          second[second.length - 20] ^= 1;
          exchange.chunk(second, 1);
          exchange.end("stop", 2);
        });
  }

  @Test
  void reorderedChunksEndTheAnswer() throws Exception {
    assertNotAuthentic(
        "one",
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, false), 1);
          byte[] second = exchange.seal("two", 1, false);
          exchange.chunk(exchange.seal("three", 1, true), 1);
          exchange.chunk(second, 1);
          exchange.end("stop", 3);
        });
  }

  @Test
  void repeatedChunkEndsTheAnswer() throws Exception {
    assertNotAuthentic(
        "one",
        exchange -> {
          byte[] first = exchange.seal("one", 1, false);
          exchange.chunk(first, 1);
          exchange.chunk(first, 1);
        });
  }

  @Test
  void answerWithoutItsLastChunkIsNoAnswer() throws Exception {
    assertNotAuthentic(
        "one",
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, false), 1);
          exchange.end("stop", 1);
        });
    assertNotAuthentic(
        "one",
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, false), 1);
          exchange.response().end();
        });
  }

  @Test
  void chunkWithAnotherNumberOfTokensThanCountedEndsTheAnswer() throws Exception {
    assertNotAuthentic(
        "",
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, true), 5);
          exchange.end("stop", 5);
        });
  }

  @Test
  void plainTextFromTheRouterIsNoAnswer() throws Exception {
    assertNotAuthentic(
        "",
        exchange ->
            exchange
                .response()
                .end("data: {\"choices\":[{\"delta\":{\"content\":\"believe me\"}}]}\n\n"));
  }

  private void assertNotAuthentic(String before, Script script) throws Exception {
    router.script(script);
    HttpResponse<String> stream = chat(STREAM);
    assertEquals(200, stream.statusCode());
    assertEquals(before, text(stream));
    assertEquals(Failure.ANSWER_NOT_AUTHENTIC, lastError(stream).path("type").asText());
    HttpResponse<String> whole = chat(CHAT);
    assertEquals(502, whole.statusCode());
    assertEquals(Failure.ANSWER_NOT_AUTHENTIC, error(whole).path("type").asText());
  }

  @Test
  void routersOwnErrorsComeThrough() throws Exception {
    router.script(
        exchange -> {
          exchange.chunk(exchange.seal("one", 1, false), 1);
          exchange
              .response()
              .end(
                  "data: {\"error\":{\"message\":\"The worker failed.\",\"type\":\"server_error\","
                      + "\"param\":null,\"code\":\"worker_failed\"}}\n\n");
        });
    assertEquals("worker_failed", lastError(chat(STREAM)).path("code").asText());
  }

  private HttpRequest chatRequest(String body) {
    return HttpRequest.newBuilder(url("/v1/chat/completions"))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }
}
