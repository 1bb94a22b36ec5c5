package org.cocoon.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.backend.StepBatch;
import org.junit.jupiter.api.Test;

/** What the backend gives to the GPU, checked by a GPU of Java memory that computes with it. */
final class TensorRtBackendTest {
  private static final int VOCABULARY = 997;

  private static GraphShape graph(int elementBytes) {
    String hash = "0".repeat(64);
    return new GraphShape(
        "toy", "file", hash, hash, hash, 1000, 2, 3, 4, elementBytes, VOCABULARY, 4096, 4608, 8);
  }

  /** A backend on a simulated GPU, and what each of its sequences should hold. */
  private static final class Bench {
    private final EngineShape shape;
    private final SimulatedGpu gpu = new SimulatedGpu();
    private final SimulatedEngine engine;
    private final TensorRtBackend backend;
    private final StepBatch batch;
    private final int[][] held;
    private int[][] expected = new int[0][];

    Bench(EngineShape shape) {
      this.shape = shape;
      engine = new SimulatedEngine(shape, gpu);
      backend =
          new TensorRtBackend(
              shape, gpu, engine, FakeBackend.open(FakeOptions.DEFAULT).vocabulary(), "simulated");
      batch = new StepBatch(backend.limits());
      held = new int[shape.slots()][0];
      begin();
    }

    void begin() {
      batch.clear();
      expected = new int[shape.slots()][];
    }

    boolean add(int slot, int token, boolean wanted) {
      if (batch.remaining() == 0 || held[slot].length == shape.contextTokens()) {
        return false;
      }
      boolean row = wanted && batch.rows() < shape.slots();
      held[slot] = IntStream.concat(Arrays.stream(held[slot]), IntStream.of(token)).toArray();
      int at = batch.add(token, held[slot].length - 1, slot, row);
      if (row) {
        expected[at] = SimulatedEngine.answer(shape.graph(), held[slot]);
      }
      return true;
    }

    void step(String where) {
      backend.step(batch);
      int k = shape.graph().candidates();
      for (int row = 0; row < batch.rows(); row++) {
        int[] got = new int[2 * k + 1];
        for (int i = 0; i < k; i++) {
          got[i] = batch.candidateIds().get(row * k + i);
          got[k + i] = Float.floatToRawIntBits(batch.candidateLogits().get(row * k + i));
        }
        got[2 * k] = Float.floatToRawIntBits(batch.logSumExp().get(row));
        assertEquals(Arrays.toString(expected[row]), Arrays.toString(got), where + " row " + row);
      }
      begin();
    }
  }

  @Test
  void anyMixOfBatchesCutsAndCopiesAnswersAsTheModelDoes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int[] slots = {1, 2, 3, 8, 13};
    for (int run = 0; run < 10; run++) {
      EngineShape shape =
          new EngineShape(
              graph(run % 2 == 0 ? 2 : 4),
              slots[run % slots.length],
              1 + random.nextInt(200),
              1 + random.nextInt(80));
      Bench bench = new Bench(shape);
      if (run % 3 == 0) {
        bench.backend.warmUp();
      }
      for (int round = 0; round < 150; round++) {
        mixedStep(bench, random, "round " + round + " of " + shape + ", seed " + seed);
      }
      bench.backend.close();
      assertTrue(bench.gpu.closed() && bench.engine.closed());
    }
  }

  private static void mixedStep(Bench bench, Random random, String where) {
    int uploads = bench.gpu.uploads();
    for (int i = 0; i < 1 + random.nextInt(bench.shape.slots()); i++) {
      int slot = random.nextInt(bench.shape.slots());
      int other = random.nextInt(bench.shape.slots());
      if (bench.batch.count() == 0 && random.nextInt(4) == 0) {
        int cut = random.nextInt(bench.held[slot].length + 1);
        bench.backend.truncate(slot, cut);
        bench.held[slot] = Arrays.copyOf(bench.held[slot], cut);
      } else if (bench.batch.count() == 0 && other != slot && bench.held[slot].length == 0) {
        int taken = random.nextInt(bench.held[other].length + 1);
        bench.backend.copyPrefix(other, slot, taken);
        bench.held[slot] = Arrays.copyOf(bench.held[other], taken);
      } else {
        int tokens = random.nextInt(3) == 0 ? 1 + random.nextInt(60) : 1;
        while (tokens-- > 0 && bench.add(slot, random.nextInt(VOCABULARY), random.nextInt(3) > 0)) {
          // adds until the batch or the slot is full
        }
      }
    }
    if (bench.batch.count() > 0) {
      bench.step(where);
      assertEquals(uploads + 1, bench.gpu.uploads(), "one packed copy up: " + where);
    }
  }

  @Test
  void aStepIsOneCopyUpOneDownAndOneWait() {
    Bench bench = new Bench(new EngineShape(graph(2), 8, 300, 256));
    for (int slot = 0; slot < 8; slot++) {
      for (int i = 0; i < (slot % 2 == 0 ? 1 : 20); i++) {
        bench.add(slot, slot + i, true);
      }
    }
    bench.step("mixed");
    assertEquals(1, bench.gpu.uploads());
    assertEquals(1, bench.gpu.downloads());
    assertEquals(1, bench.gpu.waits());
    assertEquals(0, bench.gpu.copies());
  }

  @Test
  void aDecodeThatRanBeforeIsReplayedAndNotEnqueued() {
    Bench bench = new Bench(new EngineShape(graph(2), 8, 300, 64));
    bench.backend.warmUp();
    int contexts = bench.engine.contexts();
    assertEquals(5, contexts, "one for prefill, and one for each of 1, 2, 4 and 8 slots");
    int enqueued = bench.engine.enqueued();
    for (int i = 0; i < 20; i++) {
      for (int slot = 0; slot < 8; slot++) {
        bench.add(slot, i + slot, true);
      }
      bench.step("decode " + i);
    }
    assertEquals(enqueued, bench.engine.enqueued());
    assertEquals(20, bench.gpu.graphLaunches());
    assertEquals(contexts, bench.engine.contexts());
  }

  @Test
  void graphsAreFewHoweverManyWindowsThereAre() {
    Bench bench = new Bench(new EngineShape(graph(2), 128, 20, 128));
    for (int round = 0; round < 2; round++) {
      for (int size = 1; size <= 128; size *= 2) {
        for (int first = 0; first < 128; first += size) {
          bench.add(first, round, true);
          bench.add(first + size - 1, round, size > 1);
          bench.step("window of " + size + " at " + first);
          if (bench.held[first].length > 12) {
            for (int slot : new int[] {first, first + size - 1}) {
              bench.backend.truncate(slot, 0);
              bench.held[slot] = new int[0];
            }
          }
        }
      }
    }
    assertEquals(Launcher.MOST_GRAPHS, bench.gpu.mostGraphs());
    bench.backend.close(); // checks that none is left
  }

  @Test
  void anEngineThatCannotBeRecordedRunsWithoutGraphs() {
    Bench bench = new Bench(new EngineShape(graph(2), 2, 100, 8));
    bench.gpu.refuseCapture();
    for (int i = 0; i < 5; i++) {
      bench.add(0, i, true);
      bench.add(1, i, true);
      bench.step("step " + i);
    }
    assertEquals(0, bench.gpu.graphLaunches());
    assertEquals(6, bench.engine.enqueued(), "five steps and one recording that failed");
  }

  @Test
  void aPrefixIsCopiedByOneCall() {
    Bench bench = new Bench(new EngineShape(graph(4), 4, 100, 64));
    for (int i = 0; i < 40; i++) {
      bench.add(1, i, false);
    }
    bench.step("prompt");
    bench.backend.copyPrefix(1, 3, 33);
    bench.held[3] = Arrays.copyOf(bench.held[1], 33);
    assertEquals(1, bench.gpu.copies());
    bench.add(3, 500, true);
    bench.add(1, 501, true);
    bench.step("both go on");
  }

  @Test
  void aFullSequenceFillsUpABucketUnharmed() {
    Bench bench = new Bench(new EngineShape(graph(2), 2, 63, 64));
    for (int i = 0; i < 63; i++) {
      bench.add(0, i, true);
    }
    bench.step("fills its context; the capacity is 64");
    bench.add(1, 1, true);
    bench.step("alone");
    bench.backend.truncate(0, 62);
    bench.held[0] = Arrays.copyOf(bench.held[0], 62);
    bench.add(0, 9, true);
    bench.add(1, 2, true);
    bench.step("both");
    bench.add(1, 3, true);
    bench.step("window of one");
  }

  @Test
  void aWrongBatchIsRefusedAndChangesNothing() {
    Bench bench = new Bench(new EngineShape(graph(2), 2, 10, 16));
    bench.add(0, 1, true);
    bench.step("first");
    int[][] wrong = {{0, 0}, {0, 2}, {2, 0}, {-1, 0}, {1, 1}};
    for (int[] place : wrong) {
      bench.batch.clear();
      bench.batch.add(1, place[1], place[0], true);
      assertThrows(BackendException.class, () -> bench.backend.step(bench.batch));
    }
    bench.batch.clear();
    bench.batch.add(VOCABULARY, 1, 0, true);
    assertThrows(BackendException.class, () -> bench.backend.step(bench.batch));
    assertThrows(BackendException.class, () -> bench.backend.copyPrefix(0, 1, 2));
    assertThrows(BackendException.class, () -> bench.backend.copyPrefix(0, 0, 1));
    assertThrows(BackendException.class, () -> bench.backend.truncate(2, 0));
    bench.begin();
    bench.add(0, 2, true);
    bench.step("goes on");
    assertEquals(2, bench.backend.stats().steps());
    assertEquals(2, bench.backend.stats().tokens());
  }

  @Test
  void anotherThreadIsRefused() throws InterruptedException {
    Bench bench = new Bench(new EngineShape(graph(2), 1, 10, 4));
    bench.add(0, 1, true);
    bench.step("makes this thread the owner");
    Throwable[] thrown = new Throwable[1];
    Thread other =
        Thread.ofPlatform()
            .start(
                () ->
                    thrown[0] =
                        assertThrows(
                            IllegalStateException.class, () -> bench.backend.truncate(0, 0)));
    other.join();
    assertTrue(String.valueOf(thrown[0]).contains("belongs to thread"));
  }
}
