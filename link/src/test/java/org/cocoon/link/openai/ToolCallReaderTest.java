package org.cocoon.link.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.cocoon.link.wire.FinishReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls are found, and nothing else is taken for one, however the text is cut. */
class ToolCallReaderTest {
  private static final class Heard implements ToolCallReader.Sink {
    final StringBuilder text = new StringBuilder();
    final StringBuilder calls = new StringBuilder();

    @Override
    public void text(byte[] more) {
      text.append(new String(more, UTF_8));
    }

    @Override
    public void call(int index, String name, String arguments) {
      calls.append(index).append(name).append(arguments);
    }
  }

  private static Heard read(String answer, int piece, int mostCalls) {
    ToolCallReader reader = new ToolCallReader(Set.of("f", "g"), mostCalls);
    Heard heard = new Heard();
    for (int at = 0; at < answer.length(); at += piece) {
      String part = answer.substring(at, Math.min(at + piece, answer.length()));
      reader.feed(part.getBytes(UTF_8), heard);
    }
    reader.finish(heard);
    return heard;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "Hi there|Hi there|",
        "<tool_call>{'name':'f','arguments':{'a':1}}</tool_call>||0f{'a':1}",
        "Wait. <tool_call>\\n"
            + "{'name': 'f', 'arguments': {}}\\n"
            + "</tool_call>\\n"
            + "<tool_call>{'name':'g'}</tool_call>|Wait. |0f{}1g{}",
        "{'name':'f','parameters':{'a':'<tool_call>'}}||0f{'a':'<tool_call>'}",
        "[{'name':'f','arguments':{}},{'name':'g','arguments':{}}]||0f{}1g{}",
        "{'name':'other','arguments':{}}|{'name':'other','arguments':{}}|",
        "{'names':[]}|{'names':[]}|",
        "<tool_call>none</tool_call>|<tool_call>none</tool_call>|",
        "<tool_call>{'name':'f','arguments':{'a':|<tool_call>{'name':'f','arguments':{'a':|",
        "a < b <tool_ca|a < b <tool_ca|",
        "<tool_call>{'name':'f','arguments':{}}||0f{}",
      })
  void findsCallsHoweverTheTextIsCut(String answer, String text, String calls) {
    String whole = answer.replace('\'', '"').replace("\\n", "\n");
    for (int piece : List.of(1, 2, 3, 7, 1_000)) {
      Heard heard = read(whole, piece, 9);
      assertEquals(text == null ? "" : text.replace('\'', '"'), heard.text.toString());
      assertEquals(calls == null ? "" : calls.replace('\'', '"'), heard.calls.toString());
    }
  }

  @Test
  void tellsNoMoreCallsThanAreAllowed() {
    String two = "[{\"name\":\"f\",\"arguments\":{}},{\"name\":\"g\",\"arguments\":{}}]";
    assertEquals("0f{}", read(two, 5, 1).calls.toString());
  }

  @Test
  void anAnswerThatNeverClosesItsCallIsShown() {
    String endless = "<tool_call>" + "x".repeat(300_000);
    assertTrue(read(endless, 4_096, 9).text.length() > 250_000);
  }

  private static AnswerFormat format() {
    String body =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"tools\":"
            + "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}";
    ParsedRequest parsed = new RequestParser(true).chat(Fields.parse(body.getBytes(UTF_8)), 1);
    return AnswerFormat.of(parsed, new UUID(1, 2), 3);
  }

  private static final byte[] CALL =
      "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":\"ä\"}}</tool_call>".getBytes(UTF_8);

  @Test
  void aWholeAnswerHasItsCallsInTheMessage() {
    Buffer out = Buffer.buffer();
    AnswerFormat.Choice only = new AnswerFormat.Choice(CALL, List.of(), FinishReason.FINISH_STOP);
    format().whole(out, List.of(only), "{}".getBytes(UTF_8));
    JsonObject choice = new JsonObject(out).getJsonArray("choices").getJsonObject(0);
    assertEquals("tool_calls", choice.getString("finish_reason"));
    JsonObject message = choice.getJsonObject("message");
    assertTrue(message.containsKey("content") && message.getValue("content") == null);
    JsonObject function =
        message.getJsonArray("tool_calls").getJsonObject(0).getJsonObject("function");
    assertEquals("f", function.getString("name"));
    assertEquals("{\"a\":\"ä\"}", function.getString("arguments"));
  }

  @Test
  void aStreamedAnswerHasThemAsDeltas() {
    Buffer out = Buffer.buffer();
    AnswerFormat format = format();
    format.text(out, 0, CALL, List.of());
    format.end(out, 0, FinishReason.FINISH_STOP);
    format.close(out, null);
    List<String> events =
        out.toString().lines().filter(line -> line.startsWith("data: {")).toList();
    JsonArray calls =
        new JsonObject(events.get(0).substring(6))
            .getJsonArray("choices")
            .getJsonObject(0)
            .getJsonObject("delta")
            .getJsonArray("tool_calls");
    assertEquals(0, calls.getJsonObject(0).getInteger("index"));
    assertTrue(calls.getJsonObject(0).getString("id").startsWith("call_"));
    assertTrue(events.get(1).contains("\"finish_reason\":\"tool_calls\""), events.get(1));
  }
}
