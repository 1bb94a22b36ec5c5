package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several answers to one request, through a real router and workers as processes. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ChoicesNetworkTest {
  private static final int CHOICES = 5;
  private static final int TOKENS = 200;
  private static final long SEED = 77;

  private static JsonObject body(long seed) {
    return new JsonObject(SseAnswer.body("a long story", TOKENS))
        .put("temperature", 1)
        .put("seed", seed);
  }

  /** What a request for one answer with this seed gets. */
  private static String alone(TestNetwork network, long seed) throws Exception {
    return SseAnswer.ask(network, body(seed).encode(), chunks -> {}).text();
  }

  /** Asks for several; kills the first worker when so much came of the last of them. */
  private static List<String> askAndKill(TestNetwork network, int killAtChunk)
      throws IOException, InterruptedException {
    HttpRequest request =
        network
            .request("/v1/chat/completions")
            .POST(HttpRequest.BodyPublishers.ofString(body(SEED).put("n", CHOICES).encode()))
            .build();
    List<StringBuilder> texts =
        IntStream.range(0, CHOICES).mapToObj(i -> new StringBuilder()).toList();
    List<String> finishes = new ArrayList<>();
    JsonObject usage = new JsonObject();
    int chunksOfLast = 0;
    HttpResponse<Stream<String>> response = network.http.send(request, BodyHandlers.ofLines());
    try (Stream<String> lines = response.body()) {
      for (Iterator<String> all = lines.iterator(); all.hasNext(); ) {
        String line = all.next();
        if (!line.startsWith("data: {")) {
          continue;
        }
        JsonObject chunk = new JsonObject(line.substring(6));
        usage = chunk.getJsonObject("usage", usage);
        for (Object each : chunk.getJsonArray("choices", new JsonArray())) {
          JsonObject choice = (JsonObject) each;
          int index = choice.getInteger("index");
          texts.get(index).append(choice.getJsonObject("delta").getString("content", ""));
          if (choice.getString("finish_reason") != null) {
            finishes.add(choice.getString("finish_reason"));
          }
          if (index == CHOICES - 1 && ++chunksOfLast == killAtChunk) {
            network.kill(0);
          }
        }
      }
    }
    assertEquals(java.util.Collections.nCopies(CHOICES, "length"), finishes);
    assertEquals(CHOICES * TOKENS, usage.getInteger("completion_tokens"));
    assertTrue(usage.getInteger("prompt_tokens") < 100, "the prompt is counted once");
    return texts.stream().map(StringBuilder::toString).toList();
  }

  @Test
  void eachGoesOnExactlyWhenTheirWorkerIsKilledAndAllAreChargedAsOne(@TempDir Path folder)
      throws Exception {
    try (TestNetwork network = new TestNetwork(folder)) {
      network.worker("w0", "--fake-rate", "100", "--slots", "3"); // so that some have to wait
      network.worker("w1", "--slots", "8", "--coefficient", "3000"); // dear, and so not the first
      List<String> texts = askAndKill(network, 20);
      network.await("it is charged", () -> count(network) == 1);
      assertEquals(CHOICES * TOKENS, network.query("SELECT sum(completion_tokens) FROM usage"));
      for (int choice = 0; choice < CHOICES; choice++) {
        assertEquals(alone(network, SEED + choice), texts.get(choice), "choice " + choice);
      }
      assertEquals(CHOICES, texts.stream().distinct().count(), "each draws by itself");
    }
  }

  private static long count(TestNetwork network) {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
