package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.Test;

class SchedulerTest {
  private static final int CONTEXT = 512;
  private static final Sampling NEVER_ENDS =
      new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.END, -100f));

  @Test
  void answersAreThoseThatEachRequestGetsAlone() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Desk desk =
        new Desk(
            new HashBackend(7, CONTEXT, 48), Desk.UNTIMED.withMaxQueued(64).withPrefillChunk(16));
    List<GenerationRequest> requests = new ArrayList<>();
    for (int run = 0; run < 64; run++) {
      requests.add(randomRequest(run, random));
    }
    boolean[] cancelled = new boolean[64];
    int arrived = 0;
    for (int turn = 0; arrived < 64 || desk.scheduler.hasWork(); turn++) {
      assertTrue(turn < 50_000, "no end in sight");
      while (arrived < 64 && random.nextInt(3) == 0) {
        desk.scheduler.arrive(requests.get(arrived++));
      }
      RunKey someone = new RunKey(1, random.nextInt(64));
      desk.scheduler.grant(someone, random.nextInt(6));
      if (random.nextInt(60) == 0 && someone.run() < arrived) {
        cancelled[(int) someone.run()] = true;
        desk.scheduler.cancel(someone);
      }
      desk.step();
      if (arrived == 64 && !desk.scheduler.hasWork()) {
        requests.forEach(request -> desk.scheduler.grant(request.key(), 3));
      }
    }
    for (GenerationRequest request : requests) {
      Desk.Answer alone = Desk.alone(request);
      Desk.Answer together = desk.answer(request.key().run());
      FinishReason reason = together.finished().reason();
      if (reason == FinishReason.CANCELLED) {
        assertTrue(cancelled[(int) request.key().run()], "cancelled by nobody");
        int count = together.ids.size();
        assertEquals(alone.ids.subList(0, count), together.ids);
      } else {
        assertEquals(alone.ids, together.ids, "run " + request.key());
        assertEquals(alone.text(), together.text());
        assertEquals(alone.finished().reason(), reason);
        assertEquals(alone.finished().stop(), together.finished().stop());
      }
      assertEquals(together.ids.size(), together.finished().completionTokens());
    }
  }

  private static GenerationRequest randomRequest(int run, Random random) {
    String shared = "You are a helpful assistant. ".repeat(random.nextInt(4));
    String prompt = shared + random.nextInt(5) + "x".repeat(1 + random.nextInt(60));
    float temperature = random.nextBoolean() ? 0 : 0.8f;
    Sampling sampling =
        new Sampling(temperature, 0.95f, 40, 0, run, 0.5f, 0.2f, 1.1f, Map.of(30, 1f));
    List<String> stop = random.nextBoolean() ? List.of("ab", "cba") : List.of();
    GenerationRequest request =
        Desk.request(run, prompt, 1 + random.nextInt(60), sampling, stop, Continuation.NONE);
    return Desk.withCredit(request, random.nextInt(20), 0);
  }

  @Test
  void cancelledSlotIsFreeAtTheNextStep() {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(Desk.request(1, "first", 400));
    desk.scheduler.arrive(Desk.request(2, "second", 1));
    desk.step();
    assertEquals(1, desk.answer(1).ids.size());
    desk.scheduler.cancel(new RunKey(1, 1));
    desk.step();
    assertEquals(FinishReason.CANCELLED, desk.answer(1).finished().reason());
    assertEquals(FinishReason.LENGTH, desk.answer(2).finished().reason());
    assertEquals(1, desk.answer(2).ids.size());
    assertEquals(0, desk.scheduler.occupancy().running());
  }

  @Test
  void generationWithoutCreditIsSkippedAndKeepsItsSlot() {
    Desk desk = Desk.of(2);
    desk.scheduler.arrive(Desk.withCredit(Desk.request(1, "one", 50), 3, 0));
    desk.scheduler.arrive(Desk.request(2, "two", 20, NEVER_ENDS, List.of(), Continuation.NONE));
    for (int i = 0; i < 10; i++) {
      desk.step();
    }
    assertEquals(3, desk.answer(1).ids.size());
    assertEquals(10, desk.answer(2).ids.size());
    assertEquals(2, desk.scheduler.occupancy().running());
    desk.scheduler.grant(new RunKey(1, 1), 2);
    desk.finish();
    assertEquals(5, desk.answer(1).ids.size());
    assertFalse(desk.scheduler.hasWork(), "nothing to do without credit");
  }

  @Test
  void promptIsComputedBeforeItsCreditArrives() {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(Desk.withCredit(Desk.request(1, "a prompt of 21 tokens", 1), 0, 0));
    desk.step();
    assertEquals(20, desk.backend.steps.getLast().total());
    assertFalse(desk.scheduler.hasWork(), "the last token waits for credit");
    desk.scheduler.grant(new RunKey(1, 1), 1);
    desk.step();
    assertEquals(1, desk.answer(1).finished().completionTokens());
  }

  @Test
  void longPromptDoesNotStallThoseWhoDecode() {
    HashBackend backend = new HashBackend(2, CONTEXT, 256);
    Desk desk = new Desk(backend, Desk.UNTIMED.withPrefillChunk(32));
    desk.scheduler.arrive(Desk.request(1, "short", 30, NEVER_ENDS, List.of(), Continuation.NONE));
    desk.step();
    int before = desk.answer(1).ids.size();
    desk.scheduler.arrive(Desk.request(2, "y".repeat(320), 1));
    for (int step = 1; step <= 10; step++) {
      desk.step();
      assertEquals(before + step, desk.answer(1).ids.size(), "a token in each step");
      assertEquals(33, backend.steps.getLast().total(), "one to decode, and a chunk");
    }
    assertEquals(1, desk.answer(2).ids.size(), "ten chunks are the prompt");
  }

  @Test
  void promptAloneTakesTheWholeBatch() {
    Desk desk = Desk.of(2);
    desk.scheduler.arrive(Desk.request(1, "y".repeat(200), 1));
    desk.finish();
    assertEquals(128, desk.backend.steps.get(0).total());
    assertEquals(72, desk.backend.steps.get(1).total());
    assertEquals(2, desk.backend.steps.size());
  }

  @Test
  void everyoneGetsATurnWhereTheBatchIsSmall() {
    Desk desk = new Desk(new HashBackend(6, CONTEXT, 4), Desk.UNTIMED);
    for (int run = 0; run < 6; run++) {
      desk.scheduler.arrive(
          Desk.request(run, "p" + run, 300, NEVER_ENDS, List.of(), Continuation.NONE));
    }
    for (int i = 0; i < 15; i++) {
      desk.step();
    }
    int[] before = new int[6];
    for (int run = 0; run < 6; run++) {
      before[run] = desk.answer(run).ids.size();
    }
    for (int i = 0; i < 30; i++) {
      desk.step();
    }
    for (int run = 0; run < 6; run++) {
      assertEquals(20, desk.answer(run).ids.size() - before[run], 1, "run " + run);
    }
  }

  @Test
  void growingConversationIsComputedOnlyWhereItGrew() {
    Desk desk = Desk.of(3);
    desk.scheduler.arrive(Desk.request(1, "a conversation", 10));
    desk.finish();
    desk.scheduler.arrive(Desk.request(2, "something else", 10));
    desk.finish();
    desk.scheduler.arrive(Desk.request(3, "a conversation goes on", 1));
    desk.finish();
    assertEquals(0, desk.answer(1).finished().cachedPromptTokens());
    assertEquals("a conversation".length(), desk.answer(3).finished().cachedPromptTokens());
    assertEquals(Desk.alone(Desk.request(3, "a conversation goes on", 1)).ids, desk.answer(3).ids);
  }

  @Test
  void nothingIsReusedAcrossScopes() {
    Desk desk = Desk.of(3);
    desk.scheduler.arrive(Desk.request(1, "a conversation", 10));
    desk.finish();
    GenerationRequest foreign = Desk.inScope("curious", Desk.request(2, "a conversation", 1));
    desk.scheduler.arrive(foreign);
    desk.finish();
    assertEquals(0, desk.answer(2).finished().cachedPromptTokens());
    desk.scheduler.arrive(Desk.request(3, "a conversation", 1));
    desk.finish();
    assertTrue(desk.answer(3).finished().cachedPromptTokens() > 0);
  }

  @Test
  void sameStartIsCopiedFromAGenerationThatStillRuns() {
    Desk desk = Desk.of(2);
    String system = "the same long system prompt: ";
    desk.scheduler.arrive(Desk.request(1, system + "first", 50));
    desk.step();
    desk.scheduler.arrive(Desk.request(2, system + "second", 50));
    desk.finish();
    assertEquals(system.length(), desk.answer(2).finished().cachedPromptTokens());
    assertEquals(Desk.alone(Desk.request(1, system + "first", 50)).ids, desk.answer(1).ids);
    assertEquals(Desk.alone(Desk.request(2, system + "second", 50)).ids, desk.answer(2).ids);
  }

  @Test
  void sameStartCostsNoOneHisLongConversation() {
    Desk desk = Desk.of(2);
    String system = "system: ";
    desk.scheduler.arrive(Desk.request(1, system + "z".repeat(100), 1));
    desk.finish();
    desk.scheduler.arrive(Desk.request(2, system + "short", 1));
    desk.finish();
    desk.scheduler.arrive(Desk.request(3, system + "z".repeat(101), 1));
    desk.finish();
    assertEquals(system.length(), desk.answer(2).finished().cachedPromptTokens());
    assertEquals(108, desk.answer(3).finished().cachedPromptTokens());
  }

  @Test
  void oneTokenIsAlwaysComputedAnew() {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(Desk.request(1, "again", 3));
    desk.finish();
    desk.scheduler.arrive(Desk.request(2, "again", 3));
    desk.finish();
    assertEquals(4, desk.answer(2).finished().cachedPromptTokens());
    assertEquals(desk.answer(1).ids, desk.answer(2).ids);
  }

  @Test
  void nothingIsReusedWhereThatIsSwitchedOff() {
    Desk desk = new Desk(new HashBackend(1, CONTEXT, 64), Desk.UNTIMED.withReusePrefixes(false));
    desk.scheduler.arrive(Desk.request(1, "again", 3));
    desk.finish();
    desk.scheduler.arrive(Desk.request(2, "again", 3));
    desk.finish();
    assertEquals(0, desk.answer(2).finished().cachedPromptTokens());
    assertEquals(desk.answer(1).ids, desk.answer(2).ids);
  }

  @Test
  void refusesWhenTheQueueIsFull() {
    Desk desk = new Desk(new HashBackend(1, CONTEXT, 64), Desk.UNTIMED.withMaxQueued(2));
    for (int run = 1; run <= 4; run++) {
      desk.scheduler.arrive(Desk.request(run, "p" + run, 2));
    }
    desk.step();
    assertEquals(RefusalCause.BUSY, desk.answer(4).refused().cause());
    assertEquals(2, desk.scheduler.occupancy().queued());
    desk.finish();
    for (int run = 1; run <= 3; run++) {
      assertEquals(2, desk.answer(run).finished().completionTokens());
    }
  }

  @Test
  void promptThatLeavesNoRoomIsRefusedWithBothSizes() {
    Desk desk = new Desk(new HashBackend(1, 32, 64), Desk.UNTIMED);
    desk.scheduler.arrive(Desk.request(1, "y".repeat(32), 5));
    desk.scheduler.arrive(Desk.request(2, "y".repeat(30), 5));
    desk.finish();
    assertEquals(RefusalCause.PROMPT_TOO_LONG, desk.answer(1).refused().cause());
    String message = desk.answer(1).refused().message();
    assertTrue(message.contains("32 tokens") && message.contains("at most 31"), message);
    assertEquals(FinishReason.LENGTH, desk.answer(2).finished().reason());
    assertEquals(2, desk.answer(2).ids.size());
  }

  @Test
  void deadlineEndsRunningAndWaiting() {
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(Desk.withCredit(Desk.request(1, "run", 400), 400, 100));
    desk.scheduler.arrive(Desk.withCredit(Desk.request(2, "wait", 400), 400, 50));
    desk.step();
    assertEquals(49_000_000, desk.scheduler.nanosToDeadline());
    desk.nanos += 50_000_000;
    desk.step();
    assertEquals(FinishReason.CANCELLED, desk.answer(2).finished().reason());
    assertEquals(51_000_000 + 1_000_000, desk.answer(2).finished().queueNanos());
    desk.nanos += 50_000_000;
    assertTrue(desk.scheduler.hasWork());
    desk.step();
    assertEquals(FinishReason.CANCELLED, desk.answer(1).finished().reason());
    assertArrayEquals(Desk.alone(Desk.request(1, "run", 2)).idArray(), desk.answer(1).idArray());
  }

  @Test
  void ignoredEndTokenIsPartOfTheAnswer() {
    Sampling endAtOnce = new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.END, 100f));
    GenerationRequest stops = Desk.request(1, "p", 5, endAtOnce, List.of(), Continuation.NONE);
    assertEquals(FinishReason.STOP, Desk.alone(stops).finished().reason());
    assertEquals(0, Desk.alone(stops).finished().completionTokens());
    GenerationRequest goesOn =
        new GenerationRequest(
            stops.key(),
            "r",
            "",
            stops.prompt(),
            endAtOnce,
            5,
            List.of(),
            true,
            false,
            0,
            9,
            0,
            Continuation.NONE);
    Desk desk = Desk.of(1);
    desk.scheduler.arrive(goesOn);
    desk.finish();
    assertEquals(List.of(0, 0, 0, 0, 0), desk.answer(1).ids);
  }
}
