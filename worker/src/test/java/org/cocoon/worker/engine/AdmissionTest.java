package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Priority;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.junit.jupiter.api.Test;

/** Who runs, and who has to give way. A step takes one millisecond. */
class AdmissionTest {
  private static final int PATIENCE_MILLIS = 20;
  private static final Sampling NEVER_ENDS =
      new Sampling(0.7f, 1, 0, 0, 5, 0, 0, 1, Map.of(TestVocabulary.END, -100f));

  private static Desk desk(int slots, int maxPreemptions) {
    return new Desk(
        new HashBackend(slots, 512, 128),
        Desk.UNTIMED.withPreemption(PATIENCE_MILLIS, maxPreemptions));
  }

  private static GenerationRequest request(
      long run, String account, int tokens, Priority priority) {
    GenerationRequest request =
        Desk.request(run, "prompt " + run, tokens, NEVER_ENDS, List.of(), Continuation.NONE);
    return Desk.inScope(account, request).withPriority(priority);
  }

  private static void steps(Desk desk, int count) {
    for (int i = 0; i < count; i++) {
      desk.step();
    }
  }

  private static void assertAnsweredAsAlone(Desk desk, GenerationRequest request) {
    Desk.Answer alone = Desk.alone(request);
    Desk.Answer answer = desk.answer(request.key().run());
    assertEquals(alone.ids, answer.ids, "run " + request.key().run());
    assertEquals(alone.text(), answer.text());
  }

  @Test
  void higherPriorityGoesFirst() {
    Desk desk = desk(1, 0);
    desk.scheduler.arrive(request(1, "a", 5, Priority.NORMAL));
    desk.step();
    desk.scheduler.arrive(request(2, "a", 5, Priority.LOW));
    desk.scheduler.arrive(request(3, "a", 5, Priority.NORMAL));
    desk.scheduler.arrive(request(4, "a", 5, Priority.HIGH));
    List<Long> order = new ArrayList<>();
    while (desk.scheduler.hasWork()) {
      desk.step().ended().forEach(ended -> order.add(ended.key().run()));
    }
    assertEquals(List.of(1L, 4L, 3L, 2L), order);
  }

  @Test
  void higherPriorityTakesASlotAndNoTextIsBroken() {
    Desk desk = desk(1, 2);
    GenerationRequest low = request(1, "a", 60, Priority.LOW);
    GenerationRequest high = request(2, "b", 10, Priority.HIGH);
    desk.scheduler.arrive(low);
    steps(desk, 20);
    desk.scheduler.arrive(high);
    desk.step();
    assertEquals(1, desk.answer(2).ids.size(), "it starts with the next step");
    assertEquals(1, desk.scheduler.occupancy().running());
    assertEquals(1, desk.scheduler.occupancy().queued());
    assertEquals(
        "prompt 1".length() + 20, desk.scheduler.occupancy().queuedPromptTokens(), "recomputed");
    desk.finish();
    assertAnsweredAsAlone(desk, low);
    assertAnsweredAsAlone(desk, high);
    assertEquals(60, desk.answer(1).finished().completionTokens());
    assertTrue(desk.answer(1).ids.size() > desk.answer(2).ids.size());
  }

  @Test
  void equalPriorityTakesNoSlotBeforeItsPatienceEnds() {
    Desk desk = desk(1, 2);
    desk.scheduler.arrive(request(1, "a", 60, Priority.NORMAL));
    desk.step();
    desk.scheduler.arrive(request(2, "b", 10, Priority.NORMAL));
    steps(desk, 58);
    assertEquals(List.of(), desk.answer(2).ids, "one slot is no more than a share");
    desk.finish();
    assertEquals(10, desk.answer(2).ids.size());
  }

  @Test
  void slotIsGivenUpOnlySoOften() {
    Desk desk = desk(1, 2);
    GenerationRequest low = request(1, "a", 40, Priority.LOW);
    desk.scheduler.arrive(low);
    steps(desk, 5);
    for (int run = 2; run <= 3; run++) {
      desk.scheduler.arrive(request(run, "b", 2, Priority.HIGH));
      steps(desk, 6);
      assertEquals(2, desk.answer(run).ids.size());
    }
    desk.scheduler.arrive(request(4, "b", 2, Priority.HIGH));
    desk.step();
    desk.step();
    assertEquals(List.of(), desk.answer(4).ids, "the slot is its own after two times");
    desk.finish();
    assertAnsweredAsAlone(desk, low);
    assertEquals(2, desk.answer(4).ids.size());
  }

  @Test
  void whoReadsNothingLosesItsSlotAndGoesOnWhenItReads() {
    Desk desk = desk(1, 2);
    GenerationRequest slow = request(1, "a", 30, Priority.HIGH);
    GenerationRequest other = request(2, "b", 3, Priority.LOW);
    desk.scheduler.arrive(Desk.withCredit(slow, 4, 0));
    steps(desk, 4);
    desk.scheduler.arrive(other);
    desk.step();
    assertFalse(desk.scheduler.hasWork(), "nobody can go on yet");
    long wait = desk.scheduler.nanosToDeadline();
    assertTrue(wait > 0 && wait <= PATIENCE_MILLIS * 1_000_000L, wait + " ns");
    desk.nanos += wait;
    assertTrue(desk.scheduler.hasWork());
    desk.finish();
    assertAnsweredAsAlone(desk, other);
    assertNull(desk.answer(1).ended);
    assertEquals(0, desk.scheduler.occupancy().running(), "no slot without credit");
    desk.scheduler.grant(slow.key(), 1000);
    desk.finish();
    assertAnsweredAsAlone(desk, slow);
  }

  @Test
  void cancelReachesAGenerationThatLostItsSlot() {
    Desk desk = desk(1, 2);
    desk.scheduler.arrive(request(1, "a", 60, Priority.LOW));
    steps(desk, 5);
    desk.scheduler.arrive(request(2, "b", 10, Priority.HIGH));
    desk.step();
    desk.scheduler.cancel(new RunKey(1, 1));
    desk.finish();
    assertEquals(FinishReason.CANCELLED, desk.answer(1).finished().reason());
    assertEquals(5, desk.answer(1).ids.size());
    assertEquals(0, desk.scheduler.occupancy().queued());
  }

  @Test
  void accountWithManyRequestsGetsNoMoreThanOneWithFew() {
    Desk desk = desk(2, 0);
    for (int run = 0; run < 40; run++) {
      desk.scheduler.arrive(request(run, "many", 10, Priority.NORMAL));
    }
    steps(desk, 25);
    for (int run = 100; run < 110; run++) {
      desk.scheduler.arrive(request(run, "few", 10, Priority.NORMAL));
    }
    int many = 0;
    int few = 0;
    while (few < 10) {
      for (StepOutcome.Ended ended : desk.step().ended()) {
        few += ended.key().run() >= 100 ? 1 : 0;
        many += ended.key().run() < 100 ? 1 : 0;
      }
    }
    assertTrue(many <= 13, many + " of one account beside 10 of the other");
  }

  @Test
  void starvedAccountGetsOneOfTheSlotsThatAnotherHolds() {
    Desk desk = desk(2, 2);
    GenerationRequest first = request(1, "a", 200, Priority.NORMAL);
    GenerationRequest second = request(2, "a", 200, Priority.NORMAL);
    GenerationRequest other = request(3, "b", 5, Priority.NORMAL);
    desk.scheduler.arrive(first);
    desk.scheduler.arrive(second);
    desk.step();
    desk.scheduler.arrive(other);
    steps(desk, PATIENCE_MILLIS - 1);
    assertEquals(List.of(), desk.answer(3).ids);
    steps(desk, 10);
    assertEquals(5, desk.answer(3).finished().completionTokens());
    desk.finish();
    assertAnsweredAsAlone(desk, first);
    assertAnsweredAsAlone(desk, second);
  }

  @Test
  void lowPriorityIsNotShutOutForEver() {
    Desk desk = desk(1, 2);
    desk.scheduler.arrive(request(0, "a", 5, Priority.LOW));
    int steps = 0;
    for (long run = 1; desk.answer(0).ended == null; run++) {
      desk.scheduler.arrive(request(run, "b", 3, Priority.HIGH));
      desk.scheduler.arrive(request(1000 + run, "c", 1, Priority.HIGH));
      steps(desk, 3);
      steps += 3;
      assertTrue(steps < 40 * PATIENCE_MILLIS, "never ran");
    }
  }

  @Test
  void idleAccountSavesNothingUp() {
    FairShare shares = new FairShare();
    FairShare.Account busy = shares.join("busy");
    busy.charge(1_000);
    FairShare.Account fresh = shares.join("fresh");
    assertEquals(1_000, fresh.served());
    fresh.charge(500);
    shares.leave(fresh);
    assertEquals(1_500, shares.join("fresh").served(), "nor is it forgiven anything");
  }

  @Test
  void answersAreUnbrokenHoweverSlotsChangeHands() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    HashBackend backend = new HashBackend(6, 512, 48, new TestVocabulary(null), 3 * 512 + 100);
    EngineOptions options = Desk.UNTIMED.withSlots(3).withPrefillChunk(16).withPreemption(6, 3);
    Desk desk = new Desk(backend, options.withMaxQueued(64));
    Priority[] priorities = Priority.values();
    List<GenerationRequest> requests = new ArrayList<>();
    for (int run = 0; run < 60; run++) {
      String prompt = "s".repeat(random.nextInt(3) * 40) + run % 7 + "x".repeat(random.nextInt(40));
      GenerationRequest request =
          Desk.request(
              run,
              prompt,
              1 + random.nextInt(80),
              new Sampling(0.8f, 0.95f, 40, 0, run, 0.5f, 0.2f, 1.1f, Map.of()),
              random.nextBoolean() ? List.of("ab", "cba") : List.of(),
              Continuation.NONE);
      requests.add(
          Desk.withCredit(Desk.inScope("account " + random.nextInt(3), request), 5, 0)
              .withPriority(priorities[random.nextInt(priorities.length)]));
    }
    int arrived = 0;
    int ended = 0;
    for (int turn = 0; ended < 60; turn++) {
      assertTrue(turn < 50_000, "no end in sight, seed " + seed);
      if (arrived < 60 && random.nextInt(4) == 0) {
        desk.scheduler.arrive(requests.get(arrived++));
      }
      desk.scheduler.grant(new RunKey(1, random.nextInt(60)), random.nextInt(12));
      ended += desk.step().ended().size();
      assertEquals(backend.usedCells(), desk.scheduler.cachedTokens(), "seed " + seed);
    }
    requests.forEach(request -> assertAnsweredAsAlone(desk, request));
    assertEquals(0, desk.scheduler.occupancy().running() + desk.scheduler.occupancy().queued());
  }
}
