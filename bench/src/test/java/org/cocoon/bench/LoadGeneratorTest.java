package org.cocoon.bench;

import static org.cocoon.bench.ScriptedServer.content;
import static org.cocoon.bench.ScriptedServer.end;
import static org.cocoon.bench.ScriptedServer.stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.cocoon.bench.Arrivals.Closed;
import org.cocoon.bench.Arrivals.Open;
import org.cocoon.bench.Arrivals.Spacing;
import org.cocoon.client.ChatRequest.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoadGeneratorTest {
  private static final long MS = 1_000_000;

  private static Run run(URI target, Arrivals arrivals, long requests, Prompts prompts) {
    return run(target, arrivals, requests, prompts, Duration.ofSeconds(30), 1000);
  }

  private static Run run(
      URI target,
      Arrivals arrivals,
      long requests,
      Prompts prompts,
      Duration timeout,
      int maxInFlight) {
    return new Run(
        target,
        Optional.of("k"),
        "m",
        arrivals,
        requests,
        prompts,
        OptionalInt.of(5),
        OptionalDouble.of(0),
        false,
        3,
        timeout,
        2,
        maxInFlight,
        false,
        true,
        Optional.empty());
  }

  private static Prompts always(String text) {
    return index -> List.of(new Message("user", text));
  }

  /**
   * The server and the generator share one clock, which the server moves before it writes and only
   * after the generator has taken what it wrote before. So every figure must be exact.
   */
  @Test
  void measuresAKnownEmissionScheduleExactly() throws Exception {
    AtomicLong clock = new AtomicLong(5_000 * MS);
    long[] gapsMillis = {40, 10, 25};
    AtomicReference<Counters> counters = new AtomicReference<>();
    AtomicLong expectedChunks = new AtomicLong();
    AtomicReference<ScriptedServer> self = new AtomicReference<>();
    try (ScriptedServer server =
        new ScriptedServer(
            (question, response) ->
                emit(
                    self.get(),
                    stream(response),
                    clock,
                    gapsMillis,
                    0,
                    counters,
                    expectedChunks))) {
      self.set(server);
      LoadGenerator generator =
          new LoadGenerator(run(server.base(), new Closed(1), 3, always("q")), clock::get);
      counters.set(generator.counters());
      RunResult result = generator.run();
      assertEquals(3, result.records().size());
      for (RequestRecord one : result.records()) {
        long start = one.index() * 80 * MS;
        assertEquals(start, one.intended());
        assertEquals(start, one.dispatched());
        assertEquals(start + 40 * MS, one.firstContent());
        assertEquals(start + 75 * MS, one.lastContent());
        assertEquals(start + 80 * MS, one.done());
        assertEquals(3, one.contentChunks());
        assertEquals(3, one.contentReads());
        assertEquals(3, one.outputTokens());
        assertEquals(Optional.empty(), one.failure());
      }
      assertEquals(6, result.tokenGaps().count());
      assertEquals(10.0, result.chunkGaps().min().orElse(0) / MS, 0.01);
      assertEquals(25.0, result.chunkGaps().max().orElse(0) / MS, 0.03);
      assertEquals(
          "{\"include_usage\":true}",
          server.bodies().getFirst().getValue("stream_options").toString());
      assertEquals(5, server.bodies().getFirst().getInteger("max_tokens"));
    }
  }

  private static void emit(
      ScriptedServer server,
      HttpServerResponse response,
      AtomicLong clock,
      long[] gapsMillis,
      int next,
      AtomicReference<Counters> counters,
      AtomicLong expectedChunks) {
    if (next == gapsMillis.length) {
      clock.addAndGet(5 * MS);
      response.end(end(gapsMillis.length));
      return;
    }
    clock.addAndGet(gapsMillis[next] * MS);
    response.write(content("t" + next));
    long expected = expectedChunks.incrementAndGet();
    server.when(
        () -> counters.get().chunks() == expected,
        () -> emit(server, response, clock, gapsMillis, next + 1, counters, expectedChunks));
  }

  @Test
  void countsFromTheIntendedTimesWhenTheGeneratorIsLate() throws Exception {
    AtomicLong clock = new AtomicLong();
    try (ScriptedServer server =
        new ScriptedServer(
            (question, response) -> {
              // The first question finds the world stopped for a second.
              clock.compareAndSet(0, 1_000 * MS);
              stream(response).write(content("x"));
              response.end(end(1));
            })) {
      Run run = run(server.base(), new Open(100, Spacing.CONSTANT), 5, always("q"));
      RunResult result = new LoadGenerator(run, clock::get).run();
      for (RequestRecord one : result.records()) {
        assertEquals(one.index() * 10 * MS, one.intended());
        assertEquals(one.index() == 0 ? 0 : 1_000 * MS, one.dispatched());
        assertEquals(1_000 * MS, one.firstContent());
      }
      Measurements figures = Measurements.of(result.records(), true);
      assertEquals(960.0, figures.response().firstToken().min().orElse(0) / MS, 1);
      assertEquals(0.0, figures.service().firstToken().min().orElse(-1));
      assertTrue(figures.achievedShare().orElse(1) < 0.05);
    }
  }

  @Test
  void tellsFailuresApart() throws Exception {
    List<String> scripts =
        List.of(
            "fine",
            "429",
            "html 500",
            "error in stream",
            "no end mark",
            "cut",
            "not JSON",
            "JSON",
            "hang");
    try (ScriptedServer server = new ScriptedServer(LoadGeneratorTest::misbehave)) {
      Run run =
          run(
              server.base(),
              new Closed(3),
              scripts.size() * 4L,
              index -> List.of(new Message("user", scripts.get((int) (index % scripts.size())))),
              Duration.ofSeconds(2),
              10);
      RunResult result = new LoadGenerator(run, System::nanoTime).run();
      Map<String, Long> expected = new TreeMap<>();
      for (String phrase :
          List.of(
              "http 429 rate_limit",
              "http 500",
              "stream error worker_lost",
              "truncated no [DONE]",
              "connection closed in mid-answer",
              "malformed chunk is not JSON",
              "malformed content-type application/json",
              "timeout before any text")) {
        expected.put(phrase, 4L);
      }
      Measurements figures = Measurements.of(result.records(), false);
      assertEquals(expected, figures.failures());
      assertEquals(4, figures.succeeded());
    }
  }

  private static void misbehave(String script, HttpServerResponse response) {
    switch (script) {
      case "fine" -> stream(response).end(content("x").appendBuffer(end(1)));
      case "429" ->
          response
              .setStatusCode(429)
              .end("{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":\"rate_limit\"}}");
      case "html 500" -> response.setStatusCode(500).end("<html>");
      case "error in stream" ->
          stream(response)
              .end(content("x").appendString("data: {\"error\":{\"code\":\"worker_lost\"}}\n\n"));
      case "no end mark" -> stream(response).end(content("x"));
      case "cut" -> stream(response).write(content("x")).onComplete(written -> response.reset());
      case "not JSON" -> stream(response).end(Buffer.buffer("data: <html>\n\n"));
      case "JSON" -> response.putHeader("content-type", "application/json").end("{}");
      default -> stream(response).write(Buffer.buffer(": waiting\n\n"));
    }
  }

  @Test
  void sendsNoMoreThanItsOwnLimitAndSaysSo() throws Exception {
    try (ScriptedServer server = new ScriptedServer((question, response) -> {})) {
      LoadGenerator generator =
          new LoadGenerator(
              run(
                  server.base(),
                  new Open(1_000, Spacing.POISSON),
                  10,
                  always("q"),
                  Duration.ofSeconds(30),
                  4),
              System::nanoTime);
      server.when(() -> generator.counters().sent() == 10, generator::stop);
      RunResult result = generator.run();
      assertEquals(4, result.abandoned());
      assertTrue(result.stoppedEarly());
      Measurements figures = Measurements.of(result.records(), true);
      assertEquals(Map.of("generator max-in-flight reached", 6L), figures.failures());
      assertTrue(
          Validity.of(figures, result.cost())
              .faults()
              .contains("the generator reached its own limit of requests in flight"));
    }
  }

  @Test
  void aRefusedConnectionIsAnErrorOfItsOwn() throws Exception {
    URI nowhere;
    try (ScriptedServer server = new ScriptedServer((question, response) -> {})) {
      nowhere = server.base();
    }
    RunResult result =
        new LoadGenerator(run(nowhere, new Closed(1), 2, always("q")), System::nanoTime).run();
    assertEquals(
        Map.of("connection refused", 2L), Measurements.of(result.records(), false).failures());
  }

  @Test
  void thePoissonScheduleIsTheSameForASeedAndHasItsRate() {
    long seed = 11;
    Open open = new Open(50, Spacing.POISSON);
    var one = open.offsets(seed);
    var two = open.offsets(seed);
    assertEquals(0, one.getAsLong());
    assertEquals(0, two.getAsLong());
    double sumOfSquares = 0;
    long last = 0;
    int count = 20_000;
    for (int i = 0; i < count; i++) {
      long offset = one.getAsLong();
      assertEquals(offset, two.getAsLong());
      sumOfSquares += Math.pow((offset - last) / 1e9, 2);
      last = offset;
    }
    // Mean 1/50 s; an exponential's mean square is twice the square of its mean.
    assertEquals(0.02, last / 1e9 / count, 0.0005, "seed " + seed);
    assertEquals(2 * 0.02 * 0.02, sumOfSquares / count, 0.00004, "seed " + seed);
  }
}
