package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code /v1/embeddings} as clients see it. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class EmbeddingEdgeTest {
  private final TestEdge edge;

  EmbeddingEdgeTest() throws Exception {
    edge = new TestEdge(List.of("embeddings"));
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  private static String body(String input, String more) {
    return "{\"model\":\"test-model\",\"input\":%s%s}".formatted(input, more);
  }

  private static JsonObject json(String response) {
    return new JsonObject(response.substring(response.indexOf("\r\n\r\n") + 4));
  }

  private static byte[] vector(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  private void tell(Run run, int input, byte[] vector) throws Exception {
    edge.say(
        FromWorker.newBuilder()
            .addTokens(
                Tokens.newBuilder()
                    .setRun(run.getRun())
                    .setInput(input)
                    .setVector(ByteString.copyFrom(vector)))
            .build());
  }

  private static JsonObject data(JsonObject answer, int index) {
    JsonObject one = answer.getJsonArray("data").getJsonObject(index);
    assertEquals(index, one.getInteger("index"));
    assertEquals("embedding", one.getString("object"));
    return one;
  }

  @Test
  void vectorsStandInTheOrderOfTheTextsAndThePromptIsPaidFor() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/embeddings", body("[\"one\",\"two\"]", ""));
      Run run = edge.nextRun();
      assertEquals("two", run.getEmbed().getInputs(1).getText());
      tell(run, 1, vector(0, 1));
      tell(run, 0, vector(0.6f, -0.8f));
      edge.finish(run);
      JsonObject answer = json(raw.response());
      assertEquals("list", answer.getString("object"));
      assertEquals("test-model", answer.getString("model"));
      assertEquals(new JsonArray("[0.6,-0.8]"), data(answer, 0).getJsonArray("embedding"));
      assertEquals(new JsonArray("[0.0,1.0]"), data(answer, 1).getJsonArray("embedding"));
      JsonObject usage = answer.getJsonObject("usage");
      assertEquals(9, usage.getInteger("prompt_tokens"));
      assertEquals(9, usage.getInteger("total_tokens"));
      assertTrue(usage.getLong("cost_nanoton") > 0);
      assertTrue(!usage.getString("receipt").isEmpty());
    }
  }

  @Test
  void takesTokensAndShowsBase64() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/embeddings", body("[5,6]", ",\"encoding_format\":\"base64\""));
      Run run = edge.nextRun();
      assertEquals(1, run.getEmbed().getInputsCount());
      assertEquals(List.of(5, 6), run.getEmbed().getInputs(0).getIds().getIdsList());
      tell(run, 0, vector(1, 0));
      edge.finish(run);
      String shown = data(json(raw.response()), 0).getString("embedding");
      assertEquals(Base64.getEncoder().encodeToString(vector(1, 0)), shown);
      raw.post("/v1/embeddings", body("[[1],[2,3]]", ""));
      Run more = edge.nextRun();
      assertEquals(List.of(2, 3), more.getEmbed().getInputs(1).getIds().getIdsList());
      tell(more, 0, vector(1, 0));
      tell(more, 1, vector(1, 0));
      edge.finish(more);
      assertEquals(2, json(raw.response()).getJsonArray("data").size());
    }
  }

  @Test
  void whenItsWorkerIsLostAnotherDoesAllOfItAgain() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/embeddings", body("[\"a\",\"b\"]", ""));
      Run run = edge.nextRun();
      tell(run, 1, vector(1, 0));
      edge.loseWorker();
      edge.attachAnother();
      Run again = edge.nextRun();
      assertEquals(2, again.getEmbed().getInputsCount());
      tell(again, 0, vector(0, 1));
      tell(again, 1, vector(0, 1));
      edge.finish(again);
      assertEquals(
          new JsonArray("[0.0,1.0]"), data(json(raw.response()), 1).getJsonArray("embedding"));
    }
  }

  @Test
  void aWorkerThatTellsNonsenseOrTooLittleIsNotBelieved() throws Exception {
    byte[][] wrong = {
      vector(Float.NaN, 0), vector(Float.NEGATIVE_INFINITY, 0), new byte[6], new byte[4 * 16_385]
    };
    for (byte[] vector : wrong) {
      try (TestEdge.Raw raw = edge.new Raw()) {
        raw.post("/v1/embeddings", body("\"a\"", ""));
        Run run = edge.nextRun();
        tell(run, 0, vector);
        edge.awaitCancels(List.of(run.getRun()));
        edge.loseWorker();
        edge.attachAnother();
        Run again = edge.nextRun();
        edge.finish(again); // without a vector
        edge.loseWorker();
        edge.attachAnother();
        Run last = edge.nextRun();
        tell(last, 0, vector(0, 1));
        edge.finish(last);
        assertTrue(raw.response().startsWith("HTTP/1.1 200"));
      }
    }
  }

  @Test
  void saysWhatIsWrongWithABody() throws Exception {
    String many = "[" + "\"a\",".repeat(128) + "\"a\"]";
    String[][] bodies = {
      {"\"\"", "", "input"},
      {"[]", "", "input"},
      {"[\"a\",5]", "", "input"},
      {"[5,\"a\"]", "", "input"},
      {"[[]]", "", "input"},
      {"[1.5]", "", "input"},
      {"[-1]", "", "input"},
      {"{}", "", "input"},
      {"null", "", "input"},
      {many, "", "input"},
      {"\"a\"", ",\"dimensions\":16", "dimensions"},
      {"\"a\"", ",\"encoding_format\":\"hex\"", "encoding_format"},
      {"\"a\"", ",\"sealed\":{}", "sealed"},
      {"\"a\"", ",\"priority\":11", "priority"},
    };
    try (TestEdge.Raw raw = edge.new Raw()) {
      for (String[] one : bodies) {
        raw.post("/v1/embeddings", body(one[0], one[1]));
        String response = raw.response();
        assertTrue(response.startsWith("HTTP/1.1 400"), response);
        assertEquals(one[2], json(response).getJsonObject("error").getString("param"), response);
      }
    }
  }

  @Test
  void saysThatNoWorkerOfTheModelMakesThem() throws Exception {
    TestEdge without = new TestEdge(List.of("json"));
    try (TestEdge.Raw raw = without.new Raw()) {
      raw.post("/v1/embeddings", body("\"a\"", ""));
      String response = raw.response();
      assertTrue(response.startsWith("HTTP/1.1 400"), response);
      assertEquals("model", json(response).getJsonObject("error").getString("param"));
    } finally {
      without.close();
    }
  }
}
