package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.cocoon.bench.network.Launcher.Api;
import org.cocoon.bench.network.Launcher.Outcome;
import org.cocoon.link.evidence.Policy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher as a person uses it, with the real model on two workers. Slow: about a minute. Each
 * test leaves the network running with both workers, so that their order does not matter.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class LauncherTest {
  private static final String MODEL = "smollm2-135m-instruct";
  private static final int STREAMS = 64;
  private static final int SHORT = 24;
  private static final List<String> QUESTIONS =
      List.of(
          "What is the capital of France?",
          "Name three colours.",
          "Why is the sky blue?",
          "Write a sentence about the sea.");

  private final HttpClient http = HttpClient.newHttpClient();
  private Launcher launcher;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    launcher = new Launcher(folder);
    Outcome up = up();
    assertEquals(0, up.status(), up::output);
    System.out.println("first start on a fresh folder: " + up.took().toMillis() + " ms");
  }

  @AfterAll
  void stop() throws Exception {
    launcher.stop();
    http.close();
  }

  private Outcome up() throws Exception {
    return launcher.run("up", "--detach", "--port", "0", "--workers", "2");
  }

  private Api api() throws Exception {
    return launcher.api(http);
  }

  private static String question(String text, int tokens) {
    return new JsonObject(SseAnswer.body(text, tokens)).put("model", MODEL).encode();
  }

  private static SseAnswer stream(Api api, String body, SseAnswer.Watcher watcher)
      throws Exception {
    return SseAnswer.ask(api.http(), api.request("/chat/completions"), body, watcher);
  }

  private static void assertWhole(SseAnswer answer, int tokens) {
    assertNull(answer.error(), () -> "error " + answer.error());
    assertTrue(answer.done());
    assertEquals("length", answer.finish());
    JsonObject usage = answer.usage();
    assertNotNull(usage);
    assertEquals(tokens, usage.getInteger("completion_tokens"));
    assertFalse(answer.text().isBlank());
  }

  @Test
  void statusShowsWhatRuns() throws Exception {
    Outcome table = launcher.run("status");
    assertEquals(0, table.status(), table::output);
    for (String word : List.of("router-1", "worker-1", "worker-2", MODEL, "tee", "UpToDate")) {
      assertTrue(table.output().contains(word), () -> word + " is not in\n" + table.output());
    }
    Outcome json = launcher.run("status", "--json");
    assertEquals(0, json.status(), json::output);
    JsonObject network = new JsonObject(json.output());
    assertEquals(2, network.getJsonArray("workers").size());
    assertEquals(
        MODEL, network.getJsonArray("models").getJsonObject(0).getString("name"), json::output);
  }

  @Test
  void aStrangerVerifiesTheNetworkFromOutside() throws Exception {
    Outcome own = launcher.run("evidence", "network", "--json");
    assertEquals(0, own.status(), own::output);
    JsonObject judged = new JsonObject(own.output());
    assertTrue(judged.getBoolean("trusted"), own::output);
    assertTrue(judged.getBoolean("simulated"), own::output);
    List<String> roles =
        judged.getJsonArray("nodes").stream()
            .map(node -> ((JsonObject) node).getString("role"))
            .toList();
    assertEquals(List.of("router", "worker", "worker", "keys"), roles, own::output);

    Path production = launcher.data().resolveSibling("production.json");
    Files.writeString(
        production, Policy.NOTHING.withRoots(Set.of(Policy.INTEL_SGX_ROOT), Set.of()).toJson());
    Outcome strict =
        launcher.run(
            "evidence",
            "network",
            "--router",
            launcher.state().getString("attested"),
            "--policy",
            production.toString());
    assertEquals(1, strict.status(), strict::output);
    assertTrue(strict.output().contains("SIMULATED_NOT_ALLOWED"), strict::output);
  }

  @Test
  void theModelNamesTheCapitalOfFrance() throws Exception {
    JsonObject body = new JsonObject(question("What is the capital of France?", 32));
    // Asked alone, it has "La femme" only 0.3 logits behind "The": rounding, which depends on what
    // ran before, could choose that. After two examples nothing comes near.
    body.put(
        "messages",
        List.of(
            said("user", "What is the capital of Italy?"),
            said("assistant", "Rome."),
            said("user", "What is the capital of Germany?"),
            said("assistant", "Berlin."),
            said("user", "What is the capital of France?")));
    body.remove("stream");
    body.remove("stream_options");
    body.remove("ignore_eos");
    JsonObject answer = api().ask(body);
    assertNull(answer.getJsonObject("error"), answer::encode);
    JsonObject choice = answer.getJsonArray("choices").getJsonObject(0);
    String content = choice.getJsonObject("message").getString("content");
    assertTrue(content.contains("Paris"), content);
  }

  private static JsonObject said(String role, String content) {
    return new JsonObject().put("role", role).put("content", content);
  }

  @Test
  void sixtyFourStreamsAtOnceAllComplete() throws Exception {
    Api api = api();
    Map<String, String> alone = new HashMap<>();
    for (String question : QUESTIONS) {
      SseAnswer answer = stream(api, question(question, SHORT), chunks -> {});
      assertWhole(answer, SHORT);
      alone.put(question, answer.text());
    }
    int equal = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SseAnswer>> running = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        String body = question(QUESTIONS.get(i % QUESTIONS.size()), SHORT);
        running.add(threads.submit(() -> stream(api, body, chunks -> {})));
      }
      for (int i = 0; i < STREAMS; i++) {
        SseAnswer answer = running.get(i).get();
        assertWhole(answer, SHORT);
        if (answer.text().equals(alone.get(QUESTIONS.get(i % QUESTIONS.size())))) {
          equal++;
        }
      }
    }
    System.out.printf("%d of %d streams at once equal the same prompt alone%n", equal, STREAMS);
    assertEquals(2, api.workers().size());
  }

  @Test
  void aSecondUpSaysThatOneRunsAndWhere() throws Exception {
    Outcome second = up();
    assertEquals(1, second.status(), second::output);
    assertTrue(second.output().contains(launcher.state().getString("url")), second::output);
    assertTrue(second.output().contains(launcher.data().toString()), second::output);
    assertEquals(2, api().workers().size(), "the first one goes on");
  }

  @Test
  void aKilledWorkerIsRestartedAndItsAnswerGoesOn() throws Exception {
    Api api = api();
    AtomicLong killed = new AtomicLong();
    AtomicLong number = new AtomicLong();
    SseAnswer answer =
        stream(
            api,
            question("Tell me a long story about a lighthouse.", 150),
            chunks -> {
              if (chunks == 30) {
                number.set(busyWorker(api));
                killed.set(launcher.worker((int) number.get()));
                ProcessHandle.of(killed.get()).orElseThrow().destroyForcibly();
              }
            });
    assertTrue(killed.get() > 0);
    assertWhole(answer, 150);
    Launcher.await(
        "the supervisor starts it again",
        () -> {
          long now = launcher.worker((int) number.get());
          return now != 0 && now != killed.get() && ProcessHandle.of(now).isPresent();
        });
    Launcher.await("it attaches", () -> api.workers().size() == 2);
  }

  /** The number in the name of the worker that runs something. */
  private static int busyWorker(Api api) {
    try {
      JsonObject busy =
          api.workers().stream()
              .filter(worker -> worker.getInteger("in_flight") > 0)
              .findFirst()
              .orElseThrow();
      return Integer.parseInt(busy.getString("name").substring("worker-".length()));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void downLeavesNothingAndTheNextStartIsWarm() throws Exception {
    List<Long> before = launcher.processes();
    assertTrue(before.size() >= 5, "supervisor, router, workers, PostgreSQL: " + before);
    Outcome down = launcher.run("down");
    assertEquals(0, down.status(), down::output);
    assertFalse(Files.exists(launcher.data().resolve("network.json")));
    Outcome lock = launcher.bash("flock -n '%s' true".formatted(launcher.data().resolve("lock")));
    assertEquals(0, lock.status(), "nobody holds the lock");
    assertEquals(List.of(), launcher.processes());
    Outcome again = launcher.run("down");
    assertEquals(0, again.status());
    assertTrue(again.output().contains("no network runs"), again::output);
    Outcome up = up();
    assertEquals(0, up.status(), up::output);
    System.out.printf(
        "stopped in %d ms; warm start in %d ms: %s%n",
        down.took().toMillis(),
        up.took().toMillis(),
        Objects.requireNonNull(
            up.output().lines().filter(line -> line.startsWith("ready")).findFirst().orElse("")));
    assertEquals(2, api().workers().size());
  }
}
