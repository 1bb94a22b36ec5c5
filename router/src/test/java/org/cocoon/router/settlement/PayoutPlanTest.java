package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.cocoon.router.settlement.PayoutPlan.Batch;
import org.junit.jupiter.api.Test;

class PayoutPlanTest {
  private static final PayoutPlan PLAN = PayoutPlan.MEASURED.withWorth(100);

  @Test
  void paysNothingThatIsNotWorthIt() {
    assertEquals(List.of(), PLAN.batches(List.of(0L, 99L, 0L, 50L)));
    assertEquals(List.of(), PLAN.batches(List.of()));
  }

  @Test
  void paysOneLeafAlone() {
    assertEquals(List.of(new Batch(5, 0, 100)), PLAN.batches(List.of(0L, 0L, 0L, 0L, 0L, 100L)));
  }

  @Test
  void paysNeighboursTogetherAndTakesTheSmallOnesAlong() {
    assertEquals(
        List.of(new Batch(0, 2, 351)), PLAN.batches(List.of(100L, 1L, 100L, 150L, 0L, 0L)));
  }

  @Test
  void paysAWholeNetworkInBatchesOf128() {
    List<Batch> batches = PLAN.batches(Collections.nCopies(300, 1_000L));
    assertEquals(
        List.of(new Batch(0, 7, 128_000), new Batch(128, 7, 128_000)), batches.subList(0, 2));
    assertEquals(300_000, batches.stream().mapToLong(Batch::value).sum());
  }

  @Test
  void holdsAmountsOfAnySize() {
    assertEquals(
        List.of(new Batch(0, 1, Long.MAX_VALUE)),
        PLAN.batches(List.of(Long.MAX_VALUE - 100, 100L)));
  }

  /** Against all ways to cover what is worth it, where there are few enough to try them. */
  @Test
  void isTheCheapestOfAllPlans() {
    for (long seed = 0; seed < 2_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Long> unpaid = new ArrayList<>();
      for (int i = random.nextInt(1, 17); i > 0; i--) {
        unpaid.add(random.nextBoolean() ? random.nextLong(300) : 0);
      }
      PayoutPlan plan =
          new PayoutPlan(random.nextInt(1, 50), random.nextInt(1, 20), random.nextInt(20), 100);
      List<Batch> batches = plan.batches(unpaid);
      for (int i = 0; i < unpaid.size(); i++) {
        int index = i;
        long covers =
            batches.stream()
                .filter(b -> b.index() <= index && index < b.index() + (1 << b.height()))
                .count();
        assertTrue(covers <= 1, () -> "paid twice, seed of " + unpaid);
        if (unpaid.get(i) >= 100) {
          assertEquals(1, covers, "not paid: " + i + " of " + unpaid);
        }
      }
      assertEquals(cheapest(plan, unpaid, 0, 4), cost(plan, unpaid, batches), "seed " + seed);
    }
  }

  private static long cost(PayoutPlan plan, List<Long> unpaid, List<Batch> batches) {
    return batches.stream()
        .mapToLong(b -> plan.cost(b.height(), payments(unpaid, b.index(), b.height())))
        .sum();
  }

  private static int payments(List<Long> unpaid, int index, int height) {
    int payments = 0;
    for (int i = index; i < Math.min(unpaid.size(), index + (1 << height)); i++) {
      payments += unpaid.get(i) > 0 ? 1 : 0;
    }
    return payments;
  }

  private static long cheapest(PayoutPlan plan, List<Long> unpaid, int index, int height) {
    boolean worth = false;
    for (int i = index; i < Math.min(unpaid.size(), index + (1 << height)); i++) {
      worth |= unpaid.get(i) >= plan.worthNanoton();
    }
    if (!worth) {
      return 0;
    }
    long whole = plan.cost(height, payments(unpaid, index, height));
    return height == 0
        ? whole
        : Math.min(
            whole,
            cheapest(plan, unpaid, index, height - 1)
                + cheapest(plan, unpaid, index + (1 << (height - 1)), height - 1));
  }
}
