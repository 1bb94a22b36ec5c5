package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.client.sidecar.Sidecar;
import org.cocoon.client.sidecar.SidecarOptions;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sealed prompts from an unchanged app through the sidecar, a router that keeps all it sees, and
 * two workers.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SealedNetworkTest {
  private static final long SEED = Long.getLong("cocoon.seed", System.nanoTime());
  private static final int STREAMS = 32;

  private final HttpClient http = HttpClient.newHttpClient();
  private TestNetwork network;
  private DumpingRouter dumping;
  private Sidecar sidecar;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    network = new TestNetwork(folder);
    dumping = new DumpingRouter(network);
    String keys = network.keyManager();
    for (String name : List.of("w1", "w2")) {
      network.launchAt(
          "127.0.0.1:" + dumping.linkPort(),
          name,
          "--simulated-tee",
          folder.resolve("tee").toString(),
          "--keys",
          keys,
          "--slots",
          "64",
          "--fake-rate",
          "400");
    }
    network.await(
        "both workers can open sealed prompts",
        () -> network.network().contains("\"workers_sealed\":2"));
    sidecar = sidecar(network.policy());
  }

  private Sidecar sidecar(Path policy) throws Exception {
    return Sidecar.start(
        new SidecarOptions(
            "127.0.0.1",
            0,
            new SealedSession.Options(
                URI.create("https://127.0.0.1:" + dumping.attestedPort()),
                policy,
                CollateralSource.NONE,
                InstantSource.system(),
                4 * STREAMS,
                Optional.empty()),
            Optional.of(network.key())));
  }

  @AfterAll
  void stop() throws Exception {
    sidecar.stop().get(10, TimeUnit.SECONDS);
    dumping.close();
    network.close();
    http.close();
  }

  private static HttpRequest.Builder request(Sidecar at) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + at.port() + "/v1/chat/completions"))
        .timeout(Duration.ofSeconds(60));
  }

  @Test
  void aRouterThatKeepsAllItSeesHasNoPlaintext() throws Exception {
    Canary question = new Canary(new Random(SEED));
    String prompt = "Remember " + question.word();
    SseAnswer answer =
        SseAnswer.ask(http, request(sidecar), SseAnswer.body(prompt, 200), chunks -> {});
    assertNull(answer.error(), () -> "error " + answer.error());
    assertEquals(SseAnswer.expected(prompt, 200), answer.text());
    byte[] dump = dumping.dump();
    assertTrue(dump.length > 20_000, "it saw " + dump.length + " bytes");
    assertEquals(List.of(), question.in(dump), "the question");
    // A token has four bytes: one or two of 200 can turn up by chance among ciphertext.
    assertTrue(tokensIn(dump, answer) <= 2, () -> tokensIn(dump, answer) + " tokens are in it");
    Canary open = new Canary(new Random(SEED + 1));
    SseAnswer plain =
        SseAnswer.ask(
            network.http,
            network.request("/v1/chat/completions"),
            SseAnswer.body("Remember " + open.word(), 8),
            chunks -> {});
    assertNull(plain.error());
    byte[] later = dumping.dump();
    assertFalse(open.in(later).isEmpty(), "what is not sealed is in the dump");
    assertEquals(8, tokensIn(later, plain), "and so are all tokens of its answer");
  }

  private static long tokensIn(byte[] dump, SseAnswer answer) {
    String text = new String(dump, StandardCharsets.ISO_8859_1);
    return answer
        .text()
        .strip()
        .lines()
        .flatMap(line -> Stream.of(line.split(" ", -1)))
        .filter(token -> text.contains(" " + token))
        .count();
  }

  @Test
  void manyStreamsAreExactAndChargedByTheToken() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SseAnswer>> running = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        String prompt = "prompt " + i;
        running.add(
            threads.submit(
                () ->
                    SseAnswer.ask(
                        http, request(sidecar), SseAnswer.body(prompt, 100), chunks -> {})));
      }
      for (int i = 0; i < STREAMS; i++) {
        SseAnswer answer = running.get(i).get();
        assertEquals(SseAnswer.expected("prompt " + i, 100), answer.text());
        JsonObject usage = answer.usage();
        assertEquals(100, usage == null ? -1 : usage.getInteger("completion_tokens"));
      }
    }
  }

  @Test
  void aSealedAnswerGoesOnAtAnotherWorker() throws Exception {
    CountDownLatch begun = new CountDownLatch(8);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SseAnswer>> running = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String prompt = "long prompt " + i;
        running.add(
            threads.submit(
                () ->
                    SseAnswer.ask(
                        http,
                        request(sidecar),
                        SseAnswer.body(prompt, 1200),
                        chunks -> {
                          if (chunks == 3) {
                            begun.countDown();
                          }
                        })));
      }
      assertTrue(begun.await(30, TimeUnit.SECONDS));
      Process killed = network.kill(1);
      for (int i = 0; i < 8; i++) {
        SseAnswer answer = running.get(i).get();
        assertNull(answer.error(), () -> "error " + answer.error());
        assertEquals(SseAnswer.expected("long prompt " + i, 1200), answer.text());
      }
      assertFalse(killed.isAlive());
    }
  }

  /**
   * The policy says what is trusted, not the router: nothing is sent to one that it does not name.
   */
  @Test
  void theSidecarSendsNothingToARouterWithWrongEvidence(@TempDir Path folder) throws Exception {
    Path strict = folder.resolve("policy.json");
    Files.writeString(
        strict,
        SimulatedPolicy.of(Set.of("ab".repeat(32)), Map.of(Role.ROUTER, Set.of("cd".repeat(32))))
            .toJson());
    int before = dumping.fromClients();
    Sidecar wary = sidecar(strict);
    try {
      var response =
          http.send(
              request(wary).POST(BodyPublishers.ofString(SseAnswer.body("a secret", 8))).build(),
              BodyHandlers.ofString());
      assertEquals(502, response.statusCode());
      JsonObject error = new JsonObject(response.body()).getJsonObject("error");
      assertEquals("router_not_trusted", error.getString("type"), error::encode);
      assertTrue(error.getString("message").contains("SIMULATED_NOT_ALLOWED"), error::encode);
      assertEquals(before, dumping.fromClients(), "not a byte came through TLS");
    } finally {
      wary.stop().get(10, TimeUnit.SECONDS);
    }
  }
}
