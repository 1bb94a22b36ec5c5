package org.cocoon.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.bench.Failure.Kind;
import org.cocoon.client.ChatRequest.Message;
import org.junit.jupiter.api.Test;

class ExchangeTest {
  private static final List<Message> ASKED = List.of(new Message("user", "?"));
  private static final String ROLE =
      "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n";
  private static final String ONE = content("\\ud83d\\ude00");
  private static final String TWO = ": keep-alive\n\n" + content("gr\u00fc\u00df");
  private static final String END =
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
          + "data: {\"choices\":[],\n"
          + "data: \"usage\":{\"prompt_tokens\":4,\"completion_tokens\":3,\"cost_nanoton\":70,"
          + "\"details\":{\"completion_tokens\":9}}}\n\n"
          + "data: [DONE]\n\n";

  private final List<String> gapsTaken = new ArrayList<>();
  private String answer = "";

  private static String content(String text) {
    return "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
        + text
        + "\"},\"logprobs\":{\"content\":[]},\"finish_reason\":null}],\"usage\":null}\n\n";
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Exchange exchange() {
    Exchange exchange =
        new Exchange(
            7,
            1_000,
            ASKED,
            Optional.of(
                (messages, text, tokens) -> {
                  answer = text;
                  return "";
                }),
            new ChunkReader(),
            (gaps, count, oneTokenEach) ->
                gapsTaken.add(Arrays.toString(Arrays.copyOf(gaps, count)) + " " + oneTokenEach));
    exchange.onDispatched(1_010);
    exchange.onConnected(1_020);
    exchange.onWritten(1_030);
    exchange.onHead(1_100);
    return exchange;
  }

  @Test
  void stampsTheReadThatCompletedEachEventWhereverTheStreamIsTorn() {
    String stream = ROLE + ONE + TWO + END;
    byte[] bytes = utf8(stream);
    int oneEnds = utf8(ROLE + ONE).length;
    int twoEnds = utf8(ROLE + ONE + TWO).length;
    for (int cut = 0; cut <= bytes.length; cut++) {
      gapsTaken.clear();
      Exchange exchange = exchange();
      exchange.onBytes(bytes, cut, 2_000);
      byte[] rest = Arrays.copyOfRange(bytes, cut, bytes.length);
      exchange.onBytes(rest, rest.length, 3_000);
      exchange.onEnd(3_500);
      long first = cut >= oneEnds ? 2_000 : 3_000;
      long last = cut >= twoEnds ? 2_000 : 3_000;
      long done = cut == bytes.length ? 2_000 : 3_000;
      assertEquals(
          new RequestRecord(
              7,
              0,
              10,
              20,
              30,
              100,
              first - 1_000,
              last - 1_000,
              done - 1_000,
              2,
              first == last ? 1 : 2,
              4,
              3,
              70,
              "stop",
              Optional.empty()),
          exchange.record(1_000),
          "torn at " + cut);
      assertEquals("\uD83D\uDE00gr\u00fc\u00df", answer, "torn at " + cut);
      assertEquals(List.of("[" + (last - first) + "] true"), gapsTaken, "torn at " + cut);
    }
  }

  @Test
  void aStreamThatEndsWithoutItsMarkIsTruncated() {
    Exchange exchange = exchange();
    exchange.onBytes(utf8(ROLE + ONE), utf8(ROLE + ONE).length, 2_000);
    exchange.onEnd(2_500);
    RequestRecord record = exchange.record(1_000);
    assertEquals(Optional.of(new Failure(Kind.TRUNCATED, "no [DONE]")), record.failure());
    assertEquals(1_000, record.firstContent());
    assertEquals(1_500, record.done());
    assertTrue(gapsTaken.isEmpty(), "a failed answer's gaps count nowhere");
  }

  @Test
  void anErrorWithinTheStreamEndsIt() {
    Exchange exchange = exchange();
    byte[] bytes =
        utf8(ONE + "data: {\"error\":{\"message\":\"secret\",\"code\":\"worker_lost\"}}\n\n" + END);
    exchange.onBytes(bytes, bytes.length, 2_000);
    exchange.onEnd(2_500);
    assertEquals(
        Optional.of(new Failure(Kind.STREAM_ERROR, "worker_lost")), exchange.record(0).failure());
  }

  @Test
  void whatIsNotJsonIsMalformed() {
    Exchange exchange = exchange();
    byte[] bytes = utf8("data: {\"choices\":[{\n\n");
    exchange.onBytes(bytes, bytes.length, 2_000);
    assertTrue(exchange.hasEnded());
    assertEquals(
        Kind.MALFORMED, exchange.record(0).failure().map(Failure::kind).orElse(Kind.TIMEOUT));
  }
}
