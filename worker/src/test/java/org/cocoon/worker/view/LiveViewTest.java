package org.cocoon.worker.view;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.cocoon.worker.view.Figures.ModelFigures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class LiveViewTest {
  private static final Figures FIGURES =
      new Figures(
          List.of(new ModelFigures("m", "cpu", 1, 4), new ModelFigures("n", "cpu", 3, 4)),
          Map.of("o", "hash 45 %, 512 MB/s"),
          8,
          4,
          2,
          120,
          700,
          35,
          1_000,
          9,
          1,
          2,
          3_725,
          Map.of("r:1", false),
          1_500_000_000L,
          0);

  private final Vertx vertx = Vertx.vertx();
  private final LiveView view = new LiveView(vertx, () -> FIGURES);
  private final HttpClient client = vertx.createHttpClient();

  @AfterEach
  void close() throws Exception {
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private record Page(int status, String body) {}

  private Page get(int port, String path, String host) throws Exception {
    return client
        .request(HttpMethod.GET, port, "127.0.0.1", path)
        .map(request -> request.putHeader("host", host))
        .compose(HttpClientRequest::send)
        .compose(
            answer -> answer.body().map(body -> new Page(answer.statusCode(), body.toString())))
        .await(10, TimeUnit.SECONDS);
  }

  @Test
  void theTerminalIsDrawnOverItself() throws Exception {
    BlockingQueue<String> screens = new LinkedBlockingQueue<>();
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void flush() {
            if (size() > 0) {
              screens.add(toString(UTF_8));
              reset();
            }
          }
        };
    view.draw(new PrintStream(out, false, UTF_8));
    String first = String.valueOf(screens.poll(10, TimeUnit.SECONDS));
    String second = String.valueOf(screens.poll(10, TimeUnit.SECONDS));
    assertTrue(first.contains("###############............... 4 of 8, 2 wait"), first);
    assertTrue(first.contains("n on cpu, 3 of 4"), first);
    assertTrue(first.contains("o: hash 45 %, 512 MB/s"), first);
    assertTrue(first.contains("1.500000 TON"), first);
    assertTrue(first.contains("1:02:05"), first);
    assertTrue(first.contains("r:1 (not attached)"), first);
    assertEquals("\u001b[" + FIGURES.lines().size() + "A" + first, second);
  }

  @Test
  void thePageGetsTheSameFiguresAndOnlyThisMachineDoes() throws Exception {
    int port = view.serve(0).await(10, TimeUnit.SECONDS);
    assertTrue(get(port, "/", "127.0.0.1:" + port).body().contains("EventSource"));
    BlockingQueue<Buffer> events = new LinkedBlockingQueue<>();
    client
        .request(HttpMethod.GET, port, "127.0.0.1", "/events")
        .compose(HttpClientRequest::send)
        .onSuccess(answer -> answer.handler(events::add));
    for (int i = 0; i < 2; i++) {
      String event = String.valueOf(events.poll(10, TimeUnit.SECONDS));
      JsonNode now = new ObjectMapper().readTree(event.substring("data: ".length()));
      assertEquals(120, now.path("tokensPerSecond").asInt());
      assertEquals(4, now.path("running").asInt());
    }
    assertEquals(403, get(port, "/figures", "attacker.example:" + port).status());
    assertEquals(404, get(port, "/other", "localhost:" + port).status());
  }

  @Test
  void countsWhatPassesAndPassesItOn() {
    List<StepOutcome> heard = new ArrayList<>();
    Tally tally = new Tally(heard::add);
    RunKey key = new RunKey(1, 1);
    StepOutcome outcome =
        new StepOutcome(
            List.of(new Delta(key, new int[] {1, 2, 3}, new byte[0], List.of())),
            List.of(
                new Ended.Finished(
                    key, FinishReason.STOP, null, 5, 3, 0, 10_000_000, 20_000_000, 0),
                new Ended.Finished(key, FinishReason.CANCELLED, null, 5, 3, 0, 0, 0, 0),
                new Ended.Refused(key, RefusalCause.BUSY, "", "")));
    tally.stepped(outcome);
    assertEquals(List.of(outcome), heard);
    ServedModel model = new ServedModel("m", "r", 100, 4, List.of(), "cpu", false);
    Map<String, EngineLoad> loads = Map.of("m", new EngineLoad(1, 2, 0, 3, 4));
    Figures now = tally.figures(List.of(model), loads, Map.of(), 5, Map.of(), 6, 7);
    assertEquals(
        new Figures(
            List.of(new ModelFigures("m", "cpu", 1, 4)),
            Map.of(),
            4,
            1,
            2,
            3,
            4,
            30,
            3,
            1,
            1,
            1,
            5,
            Map.of(),
            6,
            7),
        now);
  }
}
