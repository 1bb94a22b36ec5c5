package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.Test;

/** Several answers to one request. */
class ChoicesTest {
  private static final String PROMPT = "p".repeat(200);
  private static final Sampling SAMPLED =
      new Sampling(0.9f, 0.95f, 0, 0, 42, 0.2f, 0, 1, Map.of(TestVocabulary.END, -100f));

  private static GenerationRequest request(int choices) {
    return Desk.request(1, PROMPT, 20, SAMPLED, List.of("ab"), Continuation.NONE)
        .withChoices(choices);
  }

  private static GenerationRequest seeded(long seed) {
    return Desk.request(1, PROMPT, 20, SAMPLED.withSeed(seed), List.of("ab"), Continuation.NONE);
  }

  private static void assertChoices(Desk desk, int count) {
    for (int i = 0; i < count; i++) {
      Desk.Answer alone = Desk.alone(seeded(42 + i));
      assertEquals(alone.ids, desk.answer(1, i).ids, "choice " + i);
      assertEquals(alone.text(), desk.answer(1, i).text());
      assertEquals(alone.finished().stop(), desk.answer(1, i).finished().stop());
    }
  }

  @Test
  void eachIsTheAnswerOfItsOwnSeedAndThePromptIsComputedOnce() {
    Desk desk = Desk.of(4);
    desk.scheduler.arrive(request(4));
    desk.finish();
    assertChoices(desk, 4);
    assertNotEquals(desk.answer(1, 0).ids, desk.answer(1, 1).ids);
    int prompts =
        desk.backend.steps.stream().mapToInt(HashBackend.Step::total).sum()
            - IntStream.range(0, 4).map(i -> desk.answer(1, i).ids.size() - 1).sum();
    assertEquals(200 + 3, prompts, "the others compute the last token of the prompt");
    assertEquals(0, desk.answer(1, 0).finished().cachedPromptTokens());
    assertEquals(199, desk.answer(1, 3).finished().cachedPromptTokens());
  }

  @Test
  void theyShareTheirPromptEvenWhereNothingElseIsReused() {
    Desk desk = new Desk(new HashBackend(3, 512, 128), Desk.UNTIMED.withReusePrefixes(false));
    desk.scheduler.arrive(request(3));
    desk.finish();
    assertChoices(desk, 3);
    assertEquals(199, desk.answer(1, 2).finished().cachedPromptTokens());
    desk.scheduler.arrive(Desk.request(2, PROMPT, 1));
    desk.finish();
    assertEquals(0, desk.answer(2).finished().cachedPromptTokens());
  }

  @Test
  void moreChoicesThanSlotsFollowOneAfterTheOther() {
    Desk desk = Desk.of(2);
    desk.scheduler.arrive(request(5));
    desk.finish();
    assertChoices(desk, 5);
  }

  @Test
  void oneIsCancelledAndTheOthersGoOn() {
    Desk desk = Desk.of(3);
    desk.scheduler.arrive(request(3));
    for (int i = 0; i < 6; i++) {
      desk.step();
    }
    desk.scheduler.cancel(new RunKey(1, 1));
    desk.finish();
    assertEquals(FinishReason.CANCELLED, desk.answer(1, 0).finished().reason());
    assertEquals(Desk.alone(seeded(43)).ids, desk.answer(1, 1).ids);
    assertEquals(Desk.alone(seeded(44)).ids, desk.answer(1, 2).ids);
  }

  @Test
  void allOrNoneAreTaken() {
    Desk desk = new Desk(new HashBackend(1, 512, 128), Desk.UNTIMED.withMaxQueued(2));
    desk.scheduler.arrive(request(4));
    desk.finish();
    for (int i = 0; i < 4; i++) {
      assertEquals(RefusalCause.BUSY, desk.answer(1, i).refused().cause());
    }
    desk.scheduler.arrive(Desk.request(2, "p", 1));
    desk.finish();
    assertEquals(1, desk.answer(2).ids.size());
  }

  @Test
  void impossibleNumbersAreRefused() {
    for (int wrong : new int[] {0, -1, GenerationRequest.MAX_CHOICES + 1, Integer.MAX_VALUE}) {
      Desk desk = Desk.of(1);
      desk.scheduler.arrive(request(wrong));
      desk.finish();
      assertEquals("n", desk.answer(1).refused().param());
      assertTrue(desk.answer(1).refused().message().contains("1 to 16"));
    }
  }

  @Test
  void continuationIsOfOneChoice() {
    Desk desk = Desk.of(1);
    Continuation some = new Continuation(new int[] {TestVocabulary.BYTES + 'x'}, 1);
    desk.scheduler.arrive(Desk.request(1, PROMPT, 20, SAMPLED, List.of(), some).withChoices(2));
    desk.finish();
    assertEquals(RefusalCause.BAD_REQUEST, desk.answer(1).refused().cause());
  }
}
