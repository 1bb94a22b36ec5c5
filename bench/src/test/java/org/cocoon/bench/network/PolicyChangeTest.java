package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Links that end or change while answers are on their way: no client may notice more than a pause.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class PolicyChangeTest {
  private static final int STREAMS = 64;
  private static final int TOKENS = 300;

  /** The promise is a second, and each run prints its figure; a busy machine may take longer. */
  private static final int PATIENCE_MILLIS = 5_000;

  private static final ImageMeasurement OTHER = new ImageMeasurement("0b".repeat(48));

  /** What a simulated platform's certificates are valid for, from an hour before its clock. */
  private static final Duration PLATFORM_LIFE = Duration.ofDays(365).minus(Duration.ofHours(1));

  @TempDir Path folder;
  private TestNetwork network;
  private ExecutorService threads;
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger mostTakingNew = new AtomicInteger();

  @BeforeEach
  void start() throws Exception {
    network = new TestNetwork(folder);
    threads = Executors.newVirtualThreadPerTaskExecutor();
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    network.close();
  }

  private List<Future<SseAnswer>> askAll() {
    List<Future<SseAnswer>> running = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      String body = SseAnswer.body("stream number " + i, TOKENS);
      running.add(
          threads.submit(
              () ->
                  SseAnswer.ask(
                      network,
                      body,
                      chunks -> {
                        if (chunks == 20) {
                          begun.incrementAndGet();
                        }
                      })));
    }
    return running;
  }

  private void assertAllExact(List<Future<SseAnswer>> running) throws Exception {
    for (int i = 0; i < running.size(); i++) {
      SseAnswer answer = running.get(i).get();
      assertNull(answer.error(), () -> "error " + answer.error());
      assertEquals(SseAnswer.expected("stream number " + i, TOKENS), answer.text());
      assertTrue(answer.done());
    }
    network.await("every charge is durable", () -> rows() == STREAMS);
    assertEquals(
        STREAMS * (long) TOKENS, network.query("SELECT sum(completion_tokens) FROM usage"));
  }

  private long rows() {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<JsonObject> workers() {
    return new JsonObject(network.network())
        .getJsonArray("workers").stream().map(JsonObject.class::cast).toList();
  }

  private boolean attached(String name) {
    return workers().stream().anyMatch(worker -> worker.getString("name").equals(name));
  }

  private int inFlight(String name) {
    return workers().stream()
        .filter(worker -> worker.getString("name").equals(name))
        .mapToInt(worker -> worker.getInteger("in_flight"))
        .sum();
  }

  private Process workerOf(SimulatedTee tee, String name, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--tee", tee.reportsFolder().toString()));
    all.addAll(List.of(arguments));
    Process worker = network.launchReal(name, all.toArray(String[]::new));
    network.await(name + " attaches", () -> attached(name));
    return worker;
  }

  private boolean logSays(String name, String words) {
    try {
      return network.log(name).contains(words);
    } catch (IOException e) {
      return false;
    }
  }

  private String policy() {
    return new JsonObject(network.network()).getJsonObject("router").getString("policy");
  }

  @Test
  void anImageThatIsRemovedLosesItsLinkWithinASecondAndNoStreamIsHurt() throws Exception {
    String image = OTHER.imageHash(Role.WORKER);
    try (SimulatedTee tee = SimulatedTee.start(folder.resolve("tee"), Role.WORKER, OTHER)) {
      String before = policy();
      network.allow(Set.of(TestNetwork.ownImage(), image));
      network.await("the router takes the new policy", () -> !policy().equals(before));
      network.worker("w1", "--fake-rate", "50", "--slots", "64");
      workerOf(tee, "w2", "--fake-rate", "50", "--slots", "64");
      List<Future<SseAnswer>> running = askAll();
      network.await("all streams run", () -> begun.get() == STREAMS);
      assertTrue(inFlight("w2") > 10, "both are loaded");

      long written = System.nanoTime();
      network.allow(Set.of(TestNetwork.ownImage()));
      network.await("its link ends", () -> !attached("w2"));
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - written);
      System.out.println(
          "link ended " + millis + " ms after the policy was written, under 64 streams");
      assertTrue(millis < PATIENCE_MILLIS, millis + " ms");
      assertEquals(before, policy(), "the same policy has the same name again");
      assertAllExact(running);
      network.await("the worker hears of it", () -> logSays("w2", "event=detached"));
      network.await("and is refused", () -> logSays("w2", "event=attach_failed"));
      assertFalse(attached("w2"));
    }
  }

  @Test
  void aVerdictThatEndsTakesItsLinkWithIt() throws Exception {
    network.worker("w1", "--fake-rate", "50", "--slots", "64");
    Instant ends = Instant.ofEpochSecond(Instant.now().getEpochSecond() + 25);
    InstantSource longAgo = InstantSource.fixed(ends.minus(PLATFORM_LIFE));
    ImageMeasurement image = ImageMeasurement.ofRunningProgram();
    try (SimulatedTee tee =
        SimulatedTee.start(folder.resolve("tee"), Role.WORKER, image, longAgo)) {
      workerOf(tee, "w2", "--fake-rate", "20", "--slots", "64");
      List<Future<SseAnswer>> running = askAll();
      network.await("all streams run", () -> begun.get() == STREAMS);
      assertTrue(inFlight("w2") > 10, "both are loaded");
      assertTrue(Instant.now().isBefore(ends), "and the verdict still holds");

      network.await("its link ends", () -> !attached("w2"));
      long millis = Duration.between(ends, Instant.now()).toMillis();
      System.out.println("link ended " + millis + " ms after its verdict did");
      assertTrue(millis >= 0 && millis < PATIENCE_MILLIS, millis + " ms");
      assertAllExact(running);
    }
  }

  @Test
  void aLinkThatIsRenewedAgainAndAgainDropsNothing() throws Exception {
    network.worker("w1", "--fake-rate", "30", "--slots", "64", "--renew-after", "PT1S");
    List<Future<SseAnswer>> running = askAll();
    network.await("all streams run", () -> begun.get() == STREAMS);
    Set<String> keys = new HashSet<>();
    network.await(
        "renewed twice while they run",
        () -> {
          List<JsonObject> links = workers();
          links.forEach(link -> keys.add(link.getString("id")));
          mostTakingNew.accumulateAndGet(
              (int) links.stream().filter(one -> one.getString("state").equals("attached")).count(),
              Math::max);
          return keys.size() >= 3;
        });
    assertTrue(inFlight("w1") > 0, "they still run");
    assertEquals(1, mostTakingNew.get(), "one machine, however many links it has");
    assertAllExact(running);
    assertEquals(0, retries(), "no run had to go elsewhere");
    network.await("the old links end with their last run", () -> workers().size() == 1);
  }

  @Test
  void theAttestedApiAnswersWhomItProvesItselfToAndShowsEveryCertificate() throws Exception {
    network.worker("w1");
    EvidenceVerifier evidence = new EvidenceVerifier(Policy.load(network.policy()));
    PeerVerifier routers =
        new PeerVerifier(Role.ROUTER, evidence, InstantSource.system(), 0, refusal -> {});
    PeerVerifier workers =
        new PeerVerifier(Role.WORKER, evidence, InstantSource.system(), 0, refusal -> {});
    Vertx vertx = Vertx.vertx();
    try {
      HttpClient client = vertx.createHttpClient(AttestedTls.clientOptionsWithoutIdentity(routers));
      JsonObject shown =
          client
              .request(HttpMethod.GET, network.attestedPort(), "127.0.0.1", "/v1/attestation")
              .compose(request -> request.send().compose(response -> response.body()))
              .await(30, TimeUnit.SECONDS)
              .toJsonObject();
      assertEquals(1, routers.verifications());
      assertEquals(policy(), shown.getString("policy"));
      assertEquals("tee", shown.getJsonArray("simulated").getString(0));
      assertAccepted(routers, shown.getJsonObject("router"));
      assertEquals(1, shown.getInteger("workers_attached"));
      JsonObject worker = shown.getJsonArray("workers").getJsonObject(0);
      assertEquals("w1", worker.getString("name"));
      assertEquals(workers().getFirst().getString("id"), worker.getString("id"));
      assertAccepted(workers, worker);
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  private static void assertAccepted(PeerVerifier verifier, JsonObject node) throws Exception {
    byte[] der = Base64.getDecoder().decode(node.getString("certificate"));
    X509Certificate certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der));
    assertInstanceOf(PeerVerdict.Accepted.class, verifier.check(certificate));
  }

  private double retries() throws Exception {
    String metrics =
        network.http.send(network.request("/metrics").build(), BodyHandlers.ofString()).body();
    return metrics
        .lines()
        .filter(line -> line.startsWith("dispatch_retries_total"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
