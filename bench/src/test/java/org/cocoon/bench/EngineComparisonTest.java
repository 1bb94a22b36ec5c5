package org.cocoon.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.cocoon.bench.EngineComparison.Pair;
import org.junit.jupiter.api.Test;

class EngineComparisonTest {
  private static EnginePass pass(long promptTokens, double seconds) {
    return new EnginePass(promptTokens, 1000, seconds);
  }

  private static Pair pair(double directSeconds, double networkSeconds) {
    return new Pair(pass(80, directSeconds), pass(80, networkSeconds));
  }

  @Test
  void theRatioIsTheMedianOfThePairsAndNotOfTheSides() {
    // The machine is four times slower in the third pair, and both sides feel it.
    EngineComparison comparison =
        new EngineComparison(List.of(pair(1, 1.25), pair(1, 1.25), pair(4, 5), pair(2, 1)));
    assertEquals(0.8, comparison.ratio(), 1e-9);
    assertTrue(comparison.sameWork());
    assertTrue(comparison.render().contains("0.800 of the engine's speed (median of 4"));
  }

  @Test
  void sidesThatDidOtherWorkAreNotComparable() {
    Pair other = new Pair(pass(80, 1), pass(81, 1));
    EngineComparison comparison = new EngineComparison(List.of(pair(1, 1), other));
    assertFalse(comparison.sameWork());
    assertTrue(comparison.render().contains("NOT COMPARABLE"));
  }
}
