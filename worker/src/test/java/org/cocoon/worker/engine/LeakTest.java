package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Priority;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing is left of requests that ended, however they did. */
@Timeout(120)
class LeakTest {
  private static final int REQUESTS = 10_000;
  private static final int AT_A_TIME = 70;
  private static final int LARGEST_GROWTH = 8 << 20;

  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final Set<RunKey> open = ConcurrentHashMap.newKeySet();
  private final Semaphore places = new Semaphore(AT_A_TIME);

  private void stepped(StepOutcome outcome) {
    for (Ended ended : outcome.ended()) {
      open.remove(ended.key());
      switch (ended) {
        case Ended.Finished ignored -> finished.incrementAndGet();
        case Ended.Refused ignored -> refused.incrementAndGet();
      }
      places.release();
    }
  }

  @Test
  void tenThousandRequestsLeaveNothing() throws InterruptedException {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    FakeOptions sizes = FakeOptions.DEFAULT.withSizes(24, 512, 512).withAnswerTokens(64);
    EngineOptions options =
        EngineOptions.DEFAULTS.withSlots(8).withMaxQueued(64).withPreemption(5, 2);
    try (NativeEngine engine = NativeEngine.open(FakeBackend.open(sizes), options, this::stepped)) {
      run(engine, random, 0, REQUESTS / 10);
      long before = heapAfterCollection();
      run(engine, random, REQUESTS / 10, REQUESTS);
      long after = heapAfterCollection();
      System.out.printf(
          "%d finished, %d refused; heap %d KiB after a tenth, %d KiB at the end%n",
          finished.get(), refused.get(), before >> 10, after >> 10);
      assertEquals(REQUESTS, finished.get() + refused.get(), "each ended once");
      assertEquals(0, refused.get(), "there is room for all that have not ended");
      assertTrue(after - before < LARGEST_GROWTH, (after - before) + " bytes more");
    }
  }

  /** Asks, grants and cancels at random, then waits until everything has ended. */
  private void run(NativeEngine engine, Random random, int from, int to)
      throws InterruptedException {
    for (int run = from; run < to; run++) {
      while (!places.tryAcquire(1, TimeUnit.MILLISECONDS)) {
        // All that run may have been left without credit.
        open.forEach(key -> tried(engine, key));
      }
      open.add(new RunKey(1, run));
      engine.generate(request(run, random));
      RunKey other = new RunKey(1, from + random.nextInt(run - from + 1));
      engine.grant(other, random.nextInt(100));
      if (random.nextInt(4) == 0) {
        engine.cancel(new RunKey(1, run - random.nextInt(Math.min(run - from + 1, 20))));
      }
    }
    for (int run = from; run < to; run++) {
      while (!tried(engine, new RunKey(1, run))) {
        Thread.onSpinWait();
      }
    }
    assertTrue(places.tryAcquire(AT_A_TIME, 60, TimeUnit.SECONDS), "a request never ended");
    places.release(AT_A_TIME);
    EngineLoad load = engine.load();
    assertEquals(0, load.running(), "slots");
    assertEquals(0, load.queued(), "queue");
    assertEquals(0, load.queuedPromptTokens(), "tokens to compute");
  }

  /** Lets a request run to its end; false where the engine has no room for the call yet. */
  private static boolean tried(NativeEngine engine, RunKey key) {
    try {
      engine.grant(key, 1_000);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private static GenerationRequest request(int run, Random random) {
    String prompt = "s".repeat(random.nextInt(3) * 50) + "x".repeat(1 + random.nextInt(200));
    GenerationRequest request =
        Desk.request(
            run, prompt, 1 + random.nextInt(100), Sampling.GREEDY, List.of(), Continuation.NONE);
    Priority[] priorities = Priority.values();
    return Desk.withCredit(
            Desk.inScope("account " + random.nextInt(20), request),
            random.nextInt(40),
            random.nextInt(10) == 0 ? 1 + random.nextInt(50) : 0)
        .withPriority(priorities[random.nextInt(priorities.length)]);
  }

  private static long heapAfterCollection() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
