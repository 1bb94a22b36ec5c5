package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.junit.jupiter.api.Test;

/** Where a backend computes only consecutive sequences together, they are given out so. */
class NeighboursTest {
  private static final int SEQUENCES = 8;
  private static final Sampling NEVER_ENDS =
      new Sampling(0, 1, 0, 0, 0, 0, 0, 1, Map.of(TestVocabulary.END, -100f));

  private static Desk desk() {
    HashBackend backend = new HashBackend(SEQUENCES, 512, 128);
    backend.neighbours = true;
    return new Desk(backend, Desk.UNTIMED.withPrefillChunk(16));
  }

  private static GenerationRequest request(long run, int prompt, int tokens) {
    String text = (char) ('a' + run % 5) + "x".repeat(prompt) + run;
    return Desk.request(run, text, tokens, NEVER_ENDS, List.of(), Continuation.NONE);
  }

  /** Runs of consecutive sequences in a step. */
  private static int runs(int[] tokensBySequence) {
    int runs = 0;
    for (int i = 0; i < tokensBySequence.length; i++) {
      boolean begins = tokensBySequence[i] > 0 && (i == 0 || tokensBySequence[i - 1] == 0);
      runs += begins ? 1 : 0;
    }
    return runs;
  }

  @Test
  void whoArrivesStandsBesideThoseThatRun() {
    Desk desk = desk();
    for (int run = 1; run <= SEQUENCES; run++) {
      desk.scheduler.arrive(request(run, 10, 300));
      desk.step();
      desk.step();
      assertEquals(1, runs(desk.backend.steps.getLast().tokensBySequence()), run + " run");
    }
  }

  @Test
  void holesAreFilledFirst() {
    Desk desk = desk();
    for (int run = 1; run <= SEQUENCES; run++) {
      desk.scheduler.arrive(request(run, 10, 300));
      desk.step();
    }
    for (int i = 0; i < 20; i++) {
      desk.step();
    }
    desk.scheduler.cancel(new RunKey(1, 3));
    desk.scheduler.cancel(new RunKey(1, 6));
    desk.step();
    assertTrue(runs(desk.backend.steps.getLast().tokensBySequence()) > 1, "no hole to fill");
    desk.scheduler.arrive(request(20, 3, 50));
    desk.scheduler.arrive(request(21, 3, 50));
    desk.step();
    desk.step();
    assertEquals(1, runs(desk.backend.steps.getLast().tokensBySequence()));
  }

  @Test
  void answersAreTheSameWhateverIsGivenOut() {
    Desk desk = desk();
    Random random = new Random(5);
    int count = 80;
    for (int run = 1; run <= count; run++) {
      desk.scheduler.arrive(request(run, random.nextInt(60), 1 + random.nextInt(30)));
      for (int i = random.nextInt(6); i > 0; i--) {
        desk.step();
      }
    }
    desk.finish();
    Random again = new Random(5);
    for (int run = 1; run <= count; run++) {
      GenerationRequest same = request(run, again.nextInt(60), 1 + again.nextInt(30));
      again.nextInt(6);
      assertEquals(Desk.alone(same).ids, desk.answer(run).ids, "answer " + run);
    }
  }
}
