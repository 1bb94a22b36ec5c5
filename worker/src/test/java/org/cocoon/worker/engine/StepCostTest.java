package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class StepCostTest {
  private static double truth(int decodes, int prefills, long attended) {
    return 8e6 + decodes * 1.2e6 + prefills * 0.9e6 + attended * 300.0;
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertEquals(0, new StepCost().nanos(3, 100, 5000));
  }

  @Test
  void findsTheCostOfEachPart() {
    Random random = new Random(7);
    StepCost cost = new StepCost();
    for (int i = 0; i < 200; i++) {
      int decodes = random.nextInt(9);
      int prefills = random.nextBoolean() ? 0 : 1 + random.nextInt(100);
      long attended = (long) (decodes + prefills) * (1 + random.nextInt(3000));
      if (decodes + prefills > 0) {
        double noise = 0.95 + 0.1 * random.nextDouble();
        long nanos = (long) (truth(decodes, prefills, attended) * noise);
        cost.observe(decodes, prefills, attended, nanos);
      }
    }
    assertEquals(1, cost.nanos(8, 0, 8000) / truth(8, 0, 8000), 0.08);
    assertEquals(1, cost.nanos(2, 60, 90_000) / truth(2, 60, 90_000), 0.08);
    assertEquals(1, cost.nanos(0, 200, 300_000) / truth(0, 200, 300_000), 0.08);
  }

  @Test
  void longDecodingDoesNotMakeItForgetPrompts() {
    StepCost cost = new StepCost();
    for (int i = 1; i < 20; i++) {
      cost.observe(2, 10 * i, 500L * i, (long) truth(2, 10 * i, 500L * i));
    }
    for (int i = 0; i < 10_000; i++) {
      cost.observe(2, 0, 400, (long) truth(2, 0, 400));
    }
    assertEquals(1, cost.nanos(2, 64, 3200) / truth(2, 64, 3200), 0.05);
  }

  @Test
  void oneOddStepIsNoReasonToChangeMuch() {
    StepCost cost = new StepCost();
    for (int i = 1; i < 60; i++) {
      cost.observe(2, i, 50L * i, (long) truth(2, i, 50L * i));
    }
    cost.observe(2, 30, 1500, (long) (50 * truth(2, 30, 1500)));
    double after = cost.nanos(2, 30, 1500) / truth(2, 30, 1500);
    assertEquals(1.2, after, 0.3);
  }
}
