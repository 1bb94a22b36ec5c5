package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A network that takes everything from a registry: policy, weights, prices, and its routers. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class RegistryNetworkTest {
  private static final ImageMeasurement OTHER = new ImageMeasurement("0b".repeat(48));

  /** Each run prints its figure; a busy machine may take longer than the interval. */
  private static final int PATIENCE_MILLIS = 10_000;

  private static final String CHEAP =
      "{\"default\": {\"prompt\": 1000000, \"completion\": 1000000}}";
  private static final String DEAR =
      "{\"default\": {\"prompt\": 7000000, \"completion\": 7000000}}";

  @TempDir Path folder;
  private ScriptedRegistry registry;
  private TestNetwork network;
  private ExecutorService threads;

  @BeforeEach
  void start() throws Exception {
    threads = Executors.newVirtualThreadPerTaskExecutor();
    registry = new ScriptedRegistry();
    registry.apply(document("{}", CHEAP, "[]"));
    network = TestNetwork.underRegistry(folder, registry.options());
    registry.apply(document("{}", CHEAP, routers()));
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    network.close();
    registry.close();
  }

  private String document(String models, String prices, String routers) throws IOException {
    Set<String> images = Set.of(TestNetwork.ownImage(), OTHER.imageHash(Role.WORKER));
    return "{\"version\": 1, \"policy\": %s, \"models\": %s, \"prices\": %s, \"routers\": %s}"
        .formatted(TestNetwork.policyOf(folder, images).toJson(), models, prices, routers);
  }

  private String routers() {
    return "[{\"name\": \"r\", \"link\": \"127.0.0.1:%d\"}]".formatted(network.linkPort());
  }

  private JsonObject shown() {
    return new JsonObject(network.network());
  }

  private boolean attached(String name) {
    return shown().getJsonArray("workers").stream()
        .anyMatch(worker -> ((JsonObject) worker).getString("name").equals(name));
  }

  private long versionInForce() {
    return shown().getJsonObject("registry").getLong("version");
  }

  private long price() {
    return shown()
        .getJsonArray("models")
        .getJsonObject(0)
        .getJsonObject("price_nanoton_per_million")
        .getLong("completion");
  }

  @Test
  void aRevokedImageLosesItsLinkWhileItAnswersAndNoStreamIsHurt() throws Exception {
    network.worker("w1", "--fake-rate", "50", "--slots", "64");
    try (SimulatedTee tee = SimulatedTee.start(folder.resolve("tee"), Role.WORKER, OTHER)) {
      network.launchReal("w2", "--tee", tee.reportsFolder().toString(), "--fake-rate", "50");
      network.await("w2 finds the router in the registry", () -> attached("w2"));
      AtomicBoolean begun = new AtomicBoolean();
      Future<SseAnswer> running =
          threads.submit(
              () ->
                  SseAnswer.ask(
                      network, SseAnswer.body("a stream", 300), chunks -> begun.set(chunks > 5)));
      network.await("it runs", begun::get);
      long revoked = System.nanoTime();
      registry.revoke(OTHER.imageHash(Role.WORKER));
      network.await("its link ends", () -> !attached("w2"));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - revoked);
      System.out.printf(
          "link ended %d ms after the revocation; asked every %d ms, by default every 15 s%n",
          millis, ScriptedRegistry.INTERVAL.toMillis());
      assertTrue(millis < PATIENCE_MILLIS, millis + " ms");
      assertEquals(
          OTHER.imageHash(Role.WORKER),
          shown().getJsonObject("registry").getJsonArray("revoked").getString(0));
      SseAnswer answer = running.get();
      assertNull(answer.error());
      assertEquals(SseAnswer.expected("a stream", 300), answer.text());
    }
  }

  @Test
  void pricesChangeWithoutARestartAndARunningRequestKeepsItsOwn() throws Exception {
    network.worker("w1", "--fake-rate", "100", "--slots", "8");
    assertEquals(1_000_000, price());
    AtomicBoolean begun = new AtomicBoolean();
    Future<SseAnswer> running =
        threads.submit(
            () ->
                SseAnswer.ask(
                    network, SseAnswer.body("long", 200), chunks -> begun.set(chunks > 5)));
    network.await("it runs", begun::get);
    registry.apply(document("{}", DEAR, routers()));
    network.await("the new price is shown", () -> price() == 7_000_000);
    assertNull(running.get().error());
    network.await("it is charged", () -> rows() == 1);
    assertEquals(
        0,
        network.query(
            "SELECT count(*) FROM usage WHERE cost_nanoton <> prompt_tokens + completion_tokens"),
        "by the price that it began with");
  }

  private long rows() {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void weightsThatAreNoLongerListedLeaveAndABrokenDocumentChangesNothing() throws Exception {
    network.worker("w1");
    String revision =
        shown()
            .getJsonArray("workers")
            .getJsonObject(0)
            .getJsonArray("models")
            .getJsonObject(0)
            .getString("revision");
    String hash = revision.substring(revision.indexOf(':') + 1);
    registry.apply(document("{\"fake\": [\"%s\"]}".formatted(hash), CHEAP, routers()));
    long listed = 3;
    network.await("its weights are listed", () -> versionInForce() == listed);
    assertTrue(attached("w1"));
    registry.apply("{\"version\": 1}");
    network.await(
        "the broken document is told",
        () -> shown().getJsonObject("registry").getString("problem") != null);
    assertEquals(listed, versionInForce());
    assertTrue(attached("w1"));
    registry.apply(document("{\"fake\": []}", CHEAP, routers()));
    network.await("an empty list allows nothing", () -> !attached("w1"));
    registry.apply(document("{\"fake\": [\"%s\"]}".formatted(hash), CHEAP, routers()));
    network.await("it comes back once its weights are listed again", () -> attached("w1"));
  }

  @Test
  void ofTwoModelsTheOneThatIsNotListedIsNotServedUntilItIs() throws Exception {
    registry.apply(document("{\"fake-b\": []}", CHEAP, routers()));
    network.worker("w1", "--model-name", "fake,fake-b");
    network.await("it is told why not", () -> logged("w1", "event=model_refused"));
    assertEquals(List.of("fake"), served());
    registry.apply(document("{}", CHEAP, routers()));
    network.await("it is listed now", () -> served().equals(List.of("fake", "fake-b")));
    assertTrue(attached("w1"));
    registry.apply(document("{\"fake-b\": []}", CHEAP, routers()));
    network.await("it leaves again, and its link stays", () -> served().equals(List.of("fake")));
    assertTrue(attached("w1"));
  }

  private boolean logged(String worker, String event) {
    try {
      return network.log(worker).contains(event);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private List<String> served() {
    return shown().getJsonArray("models").stream()
        .map(model -> ((JsonObject) model).getString("name"))
        .toList();
  }

  @Test
  void aWorkerLeavesARouterThatIsNoLongerListed() throws Exception {
    network.worker("w1");
    registry.apply(document("{}", CHEAP, "[]"));
    network.await("it leaves", () -> !attached("w1"));
    registry.apply(document("{}", CHEAP, routers()));
    network.await("and comes back", () -> attached("w1"));
    assertTrue(shown().getJsonObject("registry").getJsonArray("revoked").isEmpty());
  }
}
