package org.cocoon.bench.network;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

/** A worker with several models, which takes another one and gives one up while streams run. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ManyModelsTest {
  private static final int STREAMS = 8;
  private static final int TOKENS = 300;

  @TempDir private Path folder = Path.of("");

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger begun = new AtomicInteger();
  private TestNetwork network = startedLater();

  @SuppressWarnings("NullAway") // set before each test
  private static TestNetwork startedLater() {
    return null;
  }

  @BeforeEach
  void start() throws Exception {
    network = new TestNetwork(folder);
    network.worker(
        "w1",
        "--model-name",
        "fake,other",
        "--slots",
        String.valueOf(STREAMS),
        "--fake-rate",
        "100",
        "--drain",
        "PT1S",
        "--state",
        state().toString());
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    network.close();
  }

  private Path state() {
    return folder.resolve("w1-state");
  }

  private record Ordered(int code, String said) {}

  /** Runs a command as an operator does. */
  private Ordered order(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.cocoon.worker.WorkerMain"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--state", state().toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ordered(process.waitFor(), said);
  }

  private List<String> models() {
    try {
      String body =
          network.http.send(network.request("/v1/models").build(), BodyHandlers.ofString()).body();
      return new JsonObject(body)
          .getJsonArray("data").stream().map(card -> ((JsonObject) card).getString("id")).toList();
    } catch (java.io.IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String body(String model, String prompt, int tokens) {
    return new JsonObject(SseAnswer.body(prompt, tokens)).put("model", model).encode();
  }

  private List<Future<Void>> streams(String model) {
    List<Future<Void>> all = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      String prompt = model + " " + i;
      all.add(
          threads.submit(
              () -> {
                SseAnswer answer =
                    SseAnswer.ask(
                        network,
                        body(model, prompt, TOKENS),
                        chunks -> begun.addAndGet(chunks == 1 ? 1 : 0));
                assertNull(answer.error(), () -> prompt + ": " + answer.error());
                assertEquals(SseAnswer.expected(prompt, TOKENS), answer.text(), prompt);
                return null;
              }));
    }
    return all;
  }

  @Test
  void modelsComeAndGoUnderStreamsAndNoneBreaks() throws Exception {
    assertEquals(List.of("fake", "other"), models());
    List<Future<Void>> all = new ArrayList<>(streams("fake"));
    all.addAll(streams("other"));
    // Each model has slots of its own: with eight of both, all sixteen run at one time.
    network.await("all streams run", () -> begun.get() == 2 * STREAMS);
    Ordered loaded = order("load", "third");
    assertEquals(0, loaded.code(), loaded.said());
    assertTrue(loaded.said().contains("third is served: 8 slots"), loaded.said());
    network.await("a router lists it", () -> models().contains("third"));
    SseAnswer answer = SseAnswer.ask(network, body("third", "hello", 20), chunks -> {});
    assertEquals(SseAnswer.expected("hello", 20), answer.text());
    network.worker(
        "w2", "--model-name", "other", "--slots", String.valueOf(STREAMS), "--fake-rate", "100");
    List<Future<Void>> late = streams("other");
    network.await("they run", () -> begun.get() == 3 * STREAMS);
    Ordered unloaded = order("unload", "other");
    assertEquals(0, unloaded.code(), unloaded.said());
    assertTrue(unloaded.said().contains("other is given up; "), unloaded.said());
    all.addAll(late);
    for (Future<Void> one : all) {
      one.get();
    }
    assertEquals(List.of("fake", "other", "third"), models(), "of two workers");
    network.kill(1);
    network.await("the other worker is gone", () -> models().equals(List.of("fake", "third")));
    assertEquals(503, network.post("/v1/chat/completions", body("other", "x", 5)).statusCode());
    assertEquals(
        "third",
        new JsonObject(network.network())
            .getJsonArray("workers")
            .getJsonObject(0)
            .getJsonArray("models")
            .getJsonObject(1)
            .getString("name"));
    assertEquals(
        3 * STREAMS + 1, network.query("SELECT count(*) FROM usage"), "one charge for each answer");
  }

  @Test
  void badOrdersAreSentencesAndChangeNothing() throws Exception {
    Ordered twice = order("load", "fake");
    assertEquals(1, twice.code());
    assertTrue(twice.said().contains("has a model 'fake' already"), twice.said());
    Ordered none = order("unload", "none");
    assertEquals(1, none.code());
    assertTrue(none.said().contains("no model 'none'; it has [fake, other]"), none.said());
    assertEquals(0, order("unload", "fake").code());
    assertTrue(order("unload", "other").said().contains("stop the worker instead"));
    Ordered left = order("models");
    assertTrue(left.said().startsWith("other@"), left.said());
    network.await("the router has followed", () -> models().equals(List.of("other")));
    SseAnswer answer = SseAnswer.ask(network, body("other", "hello", 20), chunks -> {});
    assertEquals(SseAnswer.expected("hello", 20), answer.text());
  }
}
