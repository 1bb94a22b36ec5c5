package org.cocoon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SseDecoderTest {
  private static final String STREAM =
      "\uFEFF: a comment\r\n"
          + "data: one\r\n\r\n"
          + "event: note\nid: 7\nretry: 10\ndata:two\n\n"
          + "data: first\ndata:  second\rdata\r\r"
          + ":\n\n\n"
          + "database: not this\ndat: nor this\n\n"
          + "data: gr\u00fc\u00df \uD83D\uDE00\r\n\r\n"
          + "data\n\n"
          + "data: cut off";
  private static final List<String> EVENTS =
      List.of("one", "two", "first\n second\n", "gr\u00fc\u00df \uD83D\uDE00", "");

  private static List<String> decode(byte[] bytes, int... cuts) {
    List<String> events = new ArrayList<>();
    SseDecoder decoder =
        new SseDecoder(
            (buffer, length) -> events.add(new String(buffer, 0, length, StandardCharsets.UTF_8)),
            1024);
    int from = 0;
    for (int cut : cuts) {
      decoder.feed(bytes, from, cut);
      from = cut;
    }
    decoder.feed(bytes, from, bytes.length);
    return events;
  }

  @Test
  void decodesTheSameWhereverTheStreamIsTorn() {
    byte[] bytes = STREAM.getBytes(StandardCharsets.UTF_8);
    assertEquals(EVENTS, decode(bytes));
    for (int first = 0; first <= bytes.length; first++) {
      for (int second = first; second <= bytes.length; second++) {
        assertEquals(EVENTS, decode(bytes, first, second), "torn at " + first + ", " + second);
      }
    }
  }

  @Test
  void decodesTheSameByteByByte() {
    byte[] bytes = STREAM.getBytes(StandardCharsets.UTF_8);
    int[] everyByte = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      everyByte[i] = i;
    }
    assertEquals(EVENTS, decode(bytes, everyByte));
  }

  @Test
  void neverDependsOnTheCutsWhateverTheBytes() {
    long seed = 20_260_101;
    Random random = new Random(seed);
    byte[] alphabet = "data: x\r\n\r\n:d\n".getBytes(StandardCharsets.UTF_8);
    for (int round = 0; round < 2_000; round++) {
      byte[] bytes = new byte[random.nextInt(60)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = alphabet[random.nextInt(alphabet.length)];
      }
      int cut = random.nextInt(bytes.length + 1);
      assertEquals(decode(bytes), decode(bytes, cut), "seed " + seed + ", round " + round);
    }
  }

  @Test
  void refusesEventsAndLinesAboveTheBound() {
    SseDecoder oneLine = new SseDecoder((buffer, length) -> {}, 16);
    byte[] endless = "data: 0123456789abcdef".getBytes(StandardCharsets.UTF_8);
    assertThrows(
        SseDecoder.EventTooLargeException.class, () -> oneLine.feed(endless, 0, endless.length));
    SseDecoder manyLines = new SseDecoder((buffer, length) -> {}, 16);
    byte[] lines = "data: 0123456\ndata: 0123456\ndata: 0\n".getBytes(StandardCharsets.UTF_8);
    assertThrows(
        SseDecoder.EventTooLargeException.class, () -> manyLines.feed(lines, 0, lines.length));
  }
}
