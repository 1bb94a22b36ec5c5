package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.ToolUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Forms and tools at the edge: told to workers that can do it, and refused where none can. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FormEdgeTest {
  private static final String FORM =
      "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"null\"}}}";
  private static final String TOOLS =
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}],\"tool_choice\":\"required\"";

  private static String body(String more) {
    return TestEdge.BODY.substring(0, TestEdge.BODY.length() - 1) + "," + more + "}";
  }

  private static JsonObject json(String response) {
    return new JsonObject(response.substring(response.indexOf("\r\n\r\n") + 4));
  }

  @Test
  void namesWhatNoWorkerOfTheModelCanDo() throws Exception {
    TestEdge edge = new TestEdge(List.of("json"));
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", body(TOOLS))
          .post("/v1/chat/completions", body("\"logit_bias\":{\"3\":1}"));
      for (String param : List.of("tools", "logit_bias")) {
        String response = raw.response();
        assertTrue(response.startsWith("HTTP/1.1 400"), response);
        assertEquals(param, json(response).getJsonObject("error").getString("param"));
      }
    } finally {
      edge.close();
    }
  }

  @Test
  void tellsTheWorkerTheForm() throws Exception {
    TestEdge edge = new TestEdge(List.of("json"));
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", body(FORM));
      Run run = edge.nextRun();
      assertEquals("{\"type\":\"null\"}", run.getForm().getJsonSchema());
      edge.answer(run, "null", 1);
      edge.finish(run);
      assertTrue(raw.response().contains("\"content\":\"null\""));
    } finally {
      edge.close();
    }
  }

  @Test
  void showsACallOfTheModelAsACallOfATool() throws Exception {
    TestEdge edge = new TestEdge(List.of("tools"));
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", body(TOOLS));
      Run run = edge.nextRun();
      assertEquals(ToolUse.TOOL_USE_REQUIRED, run.getChat().getToolUse());
      edge.answer(run, "<tool_call>\n{\"name\": \"clock\", \"argu", 3);
      edge.answer(run, "ments\": {}}\n</tool_call>", 3);
      edge.finish(run);
      JsonObject choice = json(raw.response()).getJsonArray("choices").getJsonObject(0);
      assertEquals("tool_calls", choice.getString("finish_reason"));
      JsonObject call = choice.getJsonObject("message").getJsonArray("tool_calls").getJsonObject(0);
      assertEquals("clock", call.getJsonObject("function").getString("name"));
      assertEquals("{}", call.getJsonObject("function").getString("arguments"));
    } finally {
      edge.close();
    }
  }
}
