package org.cocoon.client.attested;

import static org.cocoon.client.attested.ScriptedRouter.MODEL;
import static org.cocoon.client.attested.ScriptedRouter.says;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.ChatRequest;
import org.cocoon.client.ChatRequest.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client for programs. */
@Timeout(60)
final class SealedClientTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-03-01T12:00:00Z"));
  private static final ChatRequest REQUEST = request("user");

  private final ScriptedRouter router;
  private final SealedClient client;

  SealedClientTest(@TempDir Path dir) throws IOException {
    router = ScriptedRouter.start(dir, CLOCK);
    client =
        SealedClient.builder()
            .router(router.address())
            .policy(router.policyFile())
            .key("ck_1")
            .clock(CLOCK)
            .open();
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    router.close();
  }

  private static ChatRequest request(String role) {
    return new ChatRequest(
        MODEL, List.of(new Message(role, "Hi")), OptionalDouble.empty(), OptionalInt.of(5));
  }

  @Test
  void tellsTextAsItComesAndTheWholeAtTheEnd() {
    router.script(says("One", " two"));
    List<String> pieces = new CopyOnWriteArrayList<>();
    SealedClient.Answer answer = client.chat(REQUEST, pieces::add).join();
    assertEquals(List.of("One", " two"), pieces);
    assertEquals("One two", answer.text());
    assertEquals(2, answer.end().tokens());
    assertEquals(ScriptedRouter.receipt(2, 4_200), answer.end().usage().path("receipt").asText());
    assertEquals(List.of(MODEL), client.models().join());
    Attestation attestation = client.attestation().join();
    assertTrue(attestation.simulated());
    assertEquals(1, attestation.sealedRequests());
    assertEquals(MODEL, attestation.models().getFirst().model());
  }

  @Test
  void cancellingTheFutureStopsTheGeneration() throws Exception {
    CompletableFuture<Void> begun = new CompletableFuture<>();
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    router.script(
        exchange -> {
          exchange.response().closeHandler(_ -> stopped.complete(null));
          exchange.chunk(exchange.seal("One", 1, false), 1);
        });
    CompletableFuture<SealedClient.Answer> answer = client.chat(REQUEST, _ -> begun.complete(null));
    begun.get(10, TimeUnit.SECONDS);
    assertTrue(answer.cancel(false));
    stopped.get(10, TimeUnit.SECONDS);
  }

  @Test
  void failuresSayWhatToDo() throws Exception {
    assertEquals("messages[0].role", failure(client.chat(request("robot"), _ -> {})).param());
    router.allow(
        ScriptedRouter.policy(Set.of(), router.policy().simulatedRoots(), Set.of("ab".repeat(32))));
    try (SealedClient distrustful =
        SealedClient.builder()
            .router(router.address())
            .policy(router.policyFile())
            .clock(CLOCK)
            .open()) {
      Failure refused = failure(distrustful.chat(REQUEST, _ -> {}));
      assertEquals(Failure.ROUTER_NOT_TRUSTED, refused.type());
      assertTrue(refused.message().contains("get the network's current policy"));
    }
    assertThrows(
        IOException.class,
        () ->
            SealedClient.builder()
                .router(router.address())
                .policy(Path.of("/nowhere/policy.json"))
                .open());
  }

  private static Failure failure(CompletableFuture<?> call) {
    CompletionException failed = assertThrows(CompletionException.class, call::join);
    return assertInstanceOf(SealedException.class, failed.getCause()).failure();
  }
}
