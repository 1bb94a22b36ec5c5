package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StopMatcherTest {

  @Test
  void agreesWithIndexOfHoweverTheTextIsCut() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int matches = 0;
    for (int round = 0; round < 20_000; round++) {
      String text = random(random, 40);
      List<String> stops = new ArrayList<>();
      for (int i = random.nextInt(4); i >= 0; i--) {
        stops.add(random(random, 1 + random.nextInt(5)));
      }
      stops.removeIf(String::isEmpty);
      matches += assertAgrees(text, stops, random) ? 1 : 0;
    }
    assertTrue(matches > 2_000 && matches < 20_000, matches + " matches prove little");
  }

  private static boolean assertAgrees(String text, List<String> stops, Random random) {
    String winner = null;
    int start = text.length();
    int end = Integer.MAX_VALUE;
    for (String stop : stops) {
      int at = text.indexOf(stop);
      boolean isSooner = at + stop.length() < end || (at + stop.length() == end && at < start);
      if (at >= 0 && isSooner) {
        winner = stop;
        start = at;
        end = at + stop.length();
      }
    }
    StopMatcher matcher = new StopMatcher(stops);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] bytes = text.getBytes(UTF_8);
    int from = 0;
    while (from < bytes.length) {
      int to = Math.min(bytes.length, from + 1 + random.nextInt(6));
      matcher.feed(Arrays.copyOfRange(bytes, from, to), out);
      from = to;
    }
    matcher.finish(out);
    String context = text + " with " + stops;
    assertEquals(winner, matcher.matched(), context);
    assertEquals(
        text.substring(0, winner == null ? text.length() : start), out.toString(UTF_8), context);
    return winner != null;
  }

  private static String random(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(length + 1); i > 0; i--) {
      text.append(new String[] {"a", "b", "ä", "€"}[random.nextInt(4)]);
    }
    return text.toString();
  }

  @Test
  void withholdsOnlyWhatMayBecomeAStopString() {
    StopMatcher matcher = new StopMatcher(List.of("</answer>"));
    assertEquals("3 ", feed(matcher, "3 </ans"));
    assertEquals("</ans is ", feed(matcher, " is "));
    assertEquals("less", feed(matcher, "less</answ"));
    assertEquals("", feed(matcher, "er> hidden"));
    assertEquals("</answer>", matcher.matched());
    assertEquals("", feed(matcher, "more"));
  }

  private static @Nullable String feed(StopMatcher matcher, String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    matcher.feed(text.getBytes(UTF_8), out);
    return out.toString(UTF_8);
  }
}
