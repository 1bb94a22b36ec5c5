package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.cocoon.worker.engine.GenerationRequest.Continuation.UNKNOWN_ID;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.junit.jupiter.api.Test;

/** An answer that is cut anywhere and continued elsewhere is the answer that was not cut. */
class ContinuationTest {
  private static final Map<Integer, Float> END_SOMETIMES = Map.of(TestVocabulary.END, 0.3f);

  @Test
  void everyCutOfAGreedyAnswerContinuesIt() {
    assertContinues(new Sampling(0, 1, 0, 0, 0, 0.6f, 0, 1.2f, END_SOMETIMES));
  }

  @Test
  void everyCutOfASampledAnswerContinuesIt() {
    assertContinues(new Sampling(0.8f, 0.9f, 50, 0.01f, 42, 0.1f, 0.1f, 1.1f, END_SOMETIMES));
  }

  private static void assertContinues(Sampling sampling) {
    int stopped = 0;
    int ended = 0;
    int torn = 0;
    for (int run = 0; run < 40; run++) {
      List<String> stop = run % 2 == 0 ? List.of("a" + (char) ('a' + run % 3), "bc€") : List.of();
      GenerationRequest request =
          Desk.request(run, "prompt " + run, 40, sampling, stop, Continuation.NONE);
      Desk.Answer whole = Desk.alone(request);
      stopped += whole.finished().stop() == null ? 0 : 1;
      ended += whole.finished().reason() == FinishReason.STOP ? 1 : 0;
      torn += whole.text().contains("\uFFFD") ? 1 : 0;
      List<Integer> delivered = bytesAfterEachToken(request);
      for (int cut = 0; cut < whole.ids.size(); cut++) {
        int[] ids = Arrays.copyOf(whole.idArray(), cut);
        GenerationRequest rest =
            Desk.request(
                run,
                "prompt " + run,
                40,
                sampling,
                stop,
                new Continuation(ids, delivered.get(cut)));
        Desk.Answer continued = Desk.alone(rest);
        assertEquals(whole.ids.subList(cut, whole.ids.size()), continued.ids, "ids at " + cut);
        byte[] bytes = whole.bytes.toByteArray();
        String missing =
            new String(bytes, delivered.get(cut), bytes.length - delivered.get(cut), UTF_8);
        assertEquals(missing, continued.text(), "text at " + cut);
        assertEquals(whole.finished().reason(), continued.finished().reason());
        assertEquals(whole.finished().stop(), continued.finished().stop());
        assertEquals(continued.ids.size(), continued.finished().completionTokens());
      }
    }
    String seen = stopped + " stop strings, " + (ended - stopped) + " ends, " + torn + " torn";
    assertTrue(stopped > 0 && ended > stopped && torn > 0, seen + " prove little");
  }

  /** How much text had been told when so many tokens had. */
  private static List<Integer> bytesAfterEachToken(GenerationRequest request) {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(request);
    List<Integer> bytes = new ArrayList<>();
    bytes.add(0);
    Desk.Answer answer = desk.answer(request.key().run());
    while (desk.scheduler.hasWork()) {
      desk.step();
      bytes.add(answer.bytes.size());
    }
    return bytes;
  }

  @Test
  void continuationThatIsTheWholeAnswerEndsAtOnce() {
    GenerationRequest request = Desk.request(1, "hello", 7);
    Desk.Answer whole = Desk.alone(request);
    Continuation all = new Continuation(whole.idArray(), whole.bytes.size());
    Desk.Answer again = Desk.alone(Desk.request(1, "hello", 7, Sampling.GREEDY, List.of(), all));
    assertEquals(whole.finished().reason(), again.finished().reason());
    assertEquals(List.of(), again.ids);
    assertEquals("", again.text());
    assertEquals(5, again.finished().promptTokens());
  }

  @Test
  void answerBegunWithoutIdsGoesOnFromItsText() {
    int[] unknown = {UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID};
    Continuation begun = new Continuation(unknown, 7, "ab€cd");
    Sampling warm = new Sampling(0.8f, 0.9f, 0, 0, 7, 0, 0, 1, Map.of());
    Desk.Answer rest = Desk.alone(Desk.request(1, "p", 10, warm, List.of(), begun));
    Desk.Answer same =
        Desk.alone(Desk.request(1, "pab€cd", 7, Sampling.GREEDY, List.of(), Continuation.NONE));
    assertEquals(7, rest.ids.size(), "three of ten tokens were told before");
    assertEquals(1, rest.finished().promptTokens());
    Desk.Answer greedy = Desk.alone(Desk.request(1, "p", 10, Sampling.GREEDY, List.of(), begun));
    assertEquals(same.ids, greedy.ids);
    assertEquals(same.text(), greedy.text());
  }

  @Test
  void stopStringThatTheTextBeforeBeganIsFound() {
    Continuation begun = new Continuation(new int[] {UNKNOWN_ID}, 2, "xE");
    Sampling bias = new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.BYTES + 'N', 50f));
    Desk.Answer rest = Desk.alone(Desk.request(1, "p", 5, bias, List.of("EN"), begun));
    assertEquals("EN", rest.finished().stop());
    assertEquals("", rest.text());
  }

  @Test
  void tokensWithoutIdsAndWithoutTheirTextAreRefused() {
    Continuation begun = new Continuation(new int[] {5, UNKNOWN_ID}, 2, "");
    Desk.Answer refused = Desk.alone(Desk.request(1, "p", 5, Sampling.GREEDY, List.of(), begun));
    assertEquals("continuation", refused.refused().param());
  }

  @Test
  void textThatWasWithheldIsToldByTheNextWorker() {
    int[] ids = new TestVocabulary(null).tokenize("xyEN", false);
    Continuation cut = new Continuation(ids, 2);
    Sampling bias = new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.BYTES + 'F', 50f));
    Desk.Answer rest = Desk.alone(Desk.request(1, "p", 5, bias, List.of("END"), cut));
    assertEquals("ENF", rest.text());
  }
}
