package org.cocoon.link.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestParserTest {
  private static final String GOOD =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]%s}";

  private static ParsedRequest parse(String body, boolean strict) {
    return new RequestParser(strict).chat(Fields.parse(body.getBytes(StandardCharsets.UTF_8)), 42);
  }

  private static BadRequestException refusal(String body) {
    return assertThrows(BadRequestException.class, () -> parse(body, false));
  }

  @Test
  void readsWhatOpenAiClientsSend() {
    ParsedRequest parsed =
        parse(
            GOOD.formatted(
                ",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":7,"
                    + "\"temperature\":0,\"top_p\":0.5,\"stop\":[\"a\",\"b\"],\"seed\":-3,\"n\":1,"
                    + "\"logit_bias\":{\"5\":-100},\"user\":null,\"max_coefficient\":1200,\"timeout\":1.5"),
            false);
    assertTrue(parsed.stream());
    assertTrue(parsed.includeUsage());
    assertEquals(7, parsed.maxTokens());
    assertEquals(1200, parsed.maxCoefficient());
    assertEquals(1500, parsed.timeoutMillis());
    assertEquals(-3, parsed.run().getSampling().getSeed());
    assertEquals(0f, parsed.run().getSampling().getTemperature());
    assertEquals(-100f, parsed.run().getSampling().getLogitBias(0).getBias());
    assertEquals(2, parsed.run().getStopCount());
  }

  @Test
  void joinsTextParts() {
    ParsedRequest parsed =
        parse(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}",
            false);
    assertEquals("ab", parsed.run().getChat().getMessages(0).getContent());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'temperature'|,\"temperature\":3|temperature",
        "'temperature' type|,\"temperature\":\"hot\"|temperature",
        "not a number|,\"temperature\":1e400|temperature",
        "max_tokens|,\"max_tokens\":0|max_tokens",
        "max_tokens real|,\"max_tokens\":1.5|max_tokens",
        "stream|,\"stream\":\"yes\"|stream",
        "n, too many|,\"n\":9|n",
        "n, none|,\"n\":0|n",
        "tools|,\"tools\":[{\"type\":\"function\"}]|tools[0].function",
        "tool_choice|,\"tool_choice\":\"required\"|tool_choice",
        "response_format|,\"response_format\":{\"type\":\"xml\"}|response_format.type",
        "schema|,\"response_format\":{\"type\":\"json_schema\"}|response_format.json_schema",
        "stop|,\"stop\":[\"\"]|stop",
        "stops|,\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]|stop",
        "logit_bias|,\"logit_bias\":{\"x\":1}|logit_bias",
        "stream_options|,\"stream_options\":{\"include_usage\":true}|stream_options",
        "top_logprobs|,\"top_logprobs\":3|top_logprobs",
        "seed|,\"seed\":1e30|seed",
        "priority|,\"priority\":10|priority",
      })
  void namesTheParameterAtFault(String what, String fields, String param) {
    BadRequestException refusal = refusal(GOOD.formatted(fields));
    assertEquals(param, refusal.param(), what);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}|model",
        "{\"model\":\"m\"}|messages",
        "{\"model\":\"m\",\"messages\":[]}|messages",
        "{\"model\":\"m\",\"messages\":\"x\"}|messages",
        "{\"model\":\"m\",\"messages\":[3]}|messages[0]",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]}|messages[0].role",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}|messages[0].content",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}|messages[0].content",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}|messages[0].content",
      })
  void namesTheMessageAtFault(String body, String param) {
    assertEquals(param, refusal(body).param());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "nothing|``",
        "text|hello",
        "array|[]",
        "cut|{\"model\":",
        "two|{}{}",
        "twice|{\"a\":1,\"a\":2}"
      })
  void refusesWhatIsNotOneJsonObject(String what, String body) {
    BadRequestException refusal = refusal(body);
    assertTrue(refusal.message().startsWith("The body "), what);
    assertFalse(refusal.message().contains("hello"), "an error never quotes the body");
  }

  @Test
  void refusesDeepNesting() {
    assertTrue(
        refusal(GOOD.formatted(",\"metadata\":" + "[".repeat(100_000)))
            .message()
            .contains("nested deeper"));
  }

  @Test
  void ignoresUnknownFieldsUnlessStrict() {
    String body = GOOD.formatted(",\"novelty\":1");
    assertEquals("m", parse(body, false).run().getModel());
    BadRequestException refusal = assertThrows(BadRequestException.class, () -> parse(body, true));
    assertEquals("novelty", refusal.param());
  }

  /** Whatever arrives, parsing answers with a request or a refusal, and nothing else. */
  @Test
  void survivesAnyMutationOfABody() {
    long seed = 20261122;
    Random random = new Random(seed);
    byte[] good =
        GOOD.formatted(",\"stop\":[\"x\"],\"logit_bias\":{\"1\":2},\"stream\":false,\"timeout\":3")
            .getBytes(StandardCharsets.UTF_8);
    int accepted = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] body = good.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      try {
        new RequestParser(random.nextBoolean()).chat(Fields.parse(body), 42);
        accepted++;
      } catch (BadRequestException expected) {
        assertFalse(expected.message().isEmpty(), "seed " + seed);
      }
    }
    assertTrue(accepted > 100, "some mutations stay valid, seed " + seed);
  }
}
