package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.FakeModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings through a real router and workers as processes, beside streams. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class EmbeddingNetworkTest {
  private static final List<String> TEXTS = List.of("first text", "second text", "\u00e9\u20ac");

  private static void assertVectors(HttpResponse<String> response) {
    assertEquals(200, response.statusCode(), response.body());
    JsonObject answer = new JsonObject(response.body());
    int tokens = 0;
    for (int i = 0; i < TEXTS.size(); i++) {
      int[] ids = FakeModel.tokenize(TEXTS.get(i));
      tokens += ids.length;
      JsonArray vector = answer.getJsonArray("data").getJsonObject(i).getJsonArray("embedding");
      float[] expected = FakeModel.embedding(ids);
      assertEquals(expected.length, vector.size());
      for (int j = 0; j < expected.length; j++) {
        assertEquals(expected[j], vector.getFloat(j), 1e-6f);
      }
    }
    assertEquals(tokens, answer.getJsonObject("usage").getInteger("prompt_tokens"));
  }

  @Test
  void vectorsComeBesideStreamsAndAreChargedByTheirPrompts(@TempDir Path folder) throws Exception {
    try (TestNetwork network = new TestNetwork(folder)) {
      network.worker("w0", "--fake-rate", "200");
      CompletableFuture<SseAnswer> stream = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  stream.complete(
                      SseAnswer.ask(network, SseAnswer.body("a story", 300), chunks -> {}));
                } catch (Exception e) {
                  stream.completeExceptionally(e);
                }
              });
      String body =
          new JsonObject().put("model", "fake").put("input", new JsonArray(TEXTS)).encode();
      for (int i = 0; i < 10; i++) {
        assertVectors(network.post("/v1/embeddings", body));
      }
      assertEquals(SseAnswer.expected("a story", 300), stream.get().text());
      network.await("all is charged", () -> count(network) == 11);
      assertEquals(300, network.query("SELECT sum(completion_tokens) FROM usage"));
      assertTrue(network.query("SELECT min(cost_nanoton) FROM usage") > 0);
      network.kill(0);
      network.worker("w1");
      assertVectors(network.post("/v1/embeddings", body));
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
