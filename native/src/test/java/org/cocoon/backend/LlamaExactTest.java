package org.cocoon.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An exact backend's logits depend on a sequence's own tokens alone, to the last bit. */
final class LlamaExactTest {
  private final LlamaBackend backend =
      LlamaBackend.open(
          new LlamaOptions(LlamaModels.NATIVE, LlamaModels.MODEL, "smollm2", 4, 256, 64, 1)
              .withExact(true)
              .withGuesses(3));
  private final Driver driver = new Driver(backend);
  private final int[] story =
      backend
          .vocabulary()
          .tokenize(
              "A ship sailed north for nine days, and on each it met another. ".repeat(6), false);

  @AfterEach
  void close() {
    backend.close();
  }

  private float[] alone(int tokens) {
    driver.prefill(0, Arrays.copyOf(story, tokens));
    float[] logits = driver.logits(0);
    driver.truncate(0, 0);
    return logits;
  }

  private void prefill(int sequence, int from, int to, int chunk) {
    driver.prefill(sequence, Arrays.copyOfRange(story, from, to), chunk);
  }

  @Test
  void cellsThatOthersLeaveChangeNothing() {
    float[] expected = alone(60);
    prefill(1, 0, 40, 40);
    prefill(2, 0, 30, 11);
    driver.truncate(1, 0);
    prefill(2, 30, 60, 7);
    assertArrayEquals(expected, driver.logits(0));
  }

  @Test
  void copiedPrefixIsTheSameAsAComputedOne() {
    float[] expected = alone(50);
    prefill(0, 0, 60, 60);
    driver.copyPrefix(0, 3, 37);
    driver.truncate(0, 5);
    prefill(0, 20, 40, 20);
    prefill(3, 37, 50, 4);
    assertArrayEquals(expected, driver.logits(0));
  }

  @Test
  void neighboursAndAGapInOneStepChangeNothing() {
    float[] expected = alone(33);
    for (int sequence : new int[] {0, 1, 3}) {
      prefill(sequence, 0, 32, 32);
    }
    driver.begin();
    for (int sequence : new int[] {0, 1, 3}) {
      driver.add(sequence, story[32], true);
    }
    driver.step();
    for (int row = 0; row < 3; row++) {
      assertArrayEquals(expected, driver.logits(row));
    }
  }

  @Test
  void severalRowsOfOneSequenceAreThoseOfSteps() {
    float[][] expected = {alone(30), alone(31), alone(32), alone(33)};
    prefill(1, 0, 29, 29);
    driver.begin();
    for (int i = 0; i < 4; i++) {
      driver.add(1, story[29 + i], true);
    }
    driver.step();
    for (int row = 0; row < 4; row++) {
      assertArrayEquals(expected[row], driver.logits(row));
    }
  }

  @Test
  void rowsBeyondThoseOfSequencesAndGuessesAreRefused() {
    assertEquals(7, backend.limits().rows());
    StepBatch batch = new StepBatch(backend.limits());
    for (int i = 0; i < 7; i++) {
      batch.add(story[i], i, 0, true);
    }
    assertThrows(IllegalStateException.class, () -> batch.add(story[7], 7, 0, true));
  }

  @Test
  void oneThreadComputes() {
    LlamaOptions two =
        new LlamaOptions(LlamaModels.NATIVE, LlamaModels.MODEL, "smollm2", 1, 64, 16, 2);
    assertThrows(IllegalArgumentException.class, () -> two.withExact(true));
  }
}
