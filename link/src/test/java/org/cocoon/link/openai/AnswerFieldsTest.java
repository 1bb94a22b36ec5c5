package org.cocoon.link.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.cocoon.link.wire.AnswerForm;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.ToolUse;
import org.junit.jupiter.api.Test;

/** What a chat's body says of the form of its answer. */
class AnswerFieldsTest {
  private static final String TOOLS =
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":"
          + "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}},"
          + "{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}]";

  private static ParsedRequest parse(String more) {
    String body =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + more + "}";
    return new RequestParser(true).chat(Fields.parse(body.getBytes(UTF_8)), 1);
  }

  private static String fault(String more) {
    BadRequestException wrong = assertThrows(BadRequestException.class, () -> parse(more));
    return String.valueOf(wrong.param());
  }

  @Test
  void readsForms() {
    assertTrue(!parse(",\"response_format\":{\"type\":\"text\"}").run().hasForm());
    AnswerForm any = parse(",\"response_format\":{\"type\":\"json_object\"}").run().getForm();
    assertTrue(any.getJsonObject());
    AnswerForm schema =
        parse(
                ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
                    + "\"strict\":true,\"schema\":{\"type\":\"null\"}}}")
            .run()
            .getForm();
    assertEquals("{\"type\":\"null\"}", schema.getJsonSchema());
  }

  @Test
  void readsToolsAndTheirChoice() {
    Chat auto = parse("," + TOOLS).run().getChat();
    assertTrue(auto.getTools().startsWith("[{") && auto.getToolUse() == ToolUse.TOOL_USE_AUTO);
    Chat any = parse("," + TOOLS + ",\"tool_choice\":\"required\"").run().getChat();
    assertEquals(ToolUse.TOOL_USE_REQUIRED, any.getToolUse());
    Chat one =
        parse(
                ","
                    + TOOLS
                    + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}")
            .run()
            .getChat();
    assertEquals("clock", one.getToolName());
    assertNotNull(parse("," + TOOLS).toolCalls());
    assertNull(parse("," + TOOLS + ",\"tool_choice\":\"none\"").toolCalls());
    assertNull(parse("").toolCalls());
  }

  @Test
  void readsCallsOfTheConversation() {
    String body =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":"
            + "[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"clock\","
            + "\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\","
            + "\"content\":\"noon\"}]}";
    Chat chat = new RequestParser(true).chat(Fields.parse(body.getBytes(UTF_8)), 1).run().getChat();
    assertTrue(chat.getMessages(0).getToolCalls().contains("clock"));
    assertEquals("c1", chat.getMessages(1).getToolCallId());
  }

  @Test
  void namesWhatIsWrong() {
    assertEquals("tools[1].function.name", fault("," + TOOLS.replace("clock", "weather")));
    assertEquals("tool_choice", fault("," + TOOLS + ",\"tool_choice\":\"sometimes\""));
    assertEquals("logprobs", fault("," + TOOLS + ",\"logprobs\":true"));
    assertEquals(
        "response_format", fault("," + TOOLS + ",\"response_format\":{\"type\":\"json_object\"}"));
    assertEquals(
        "ignore_eos", fault(",\"ignore_eos\":true,\"response_format\":{\"type\":\"json_object\"}"));
  }
}
