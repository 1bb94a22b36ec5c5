package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Nothing is left in slots, caches, native handles or memory of requests to a real model, some
 * cancelled, some too late, nor of engines that were closed while requests ran.
 *
 * <p>System properties: {@code cocoon.leak.requests}, how many; {@code cocoon.leak.seed}.
 */
@EnabledIfSystemProperty(named = "cocoon.model", matches = ".+")
class ModelLeakTest {
  private static final int REQUESTS = Integer.getInteger("cocoon.leak.requests", 120);
  private static final long SEED = Long.getLong("cocoon.leak.seed", 1);

  /**
   * Each engine's caches take about 70 MB, so one that leaks is seen, and so are 13 KB a request.
   */
  private static final int ENGINES = Math.clamp(REQUESTS / 30, 4, 40);

  private static final long LARGEST_GROWTH = 128 << 20;
  private static final int SLOTS = 8;
  private static final int KEPT = 4;
  private static final int AT_A_TIME = 24;

  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicInteger cancelled = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final Set<RunKey> open = ConcurrentHashMap.newKeySet();
  private final Semaphore places = new Semaphore(AT_A_TIME);

  private void stepped(StepOutcome outcome) {
    for (Ended ended : outcome.ended()) {
      assertTrue(open.remove(ended.key()), "ended twice, or was never asked");
      switch (ended) {
        case Ended.Finished end when end.reason() == FinishReason.CANCELLED ->
            cancelled.incrementAndGet();
        case Ended.Finished ignored -> finished.incrementAndGet();
        case Ended.Refused ignored -> refused.incrementAndGet();
      }
      places.release();
    }
  }

  private NativeEngine engine() {
    LlamaOptions options =
        new LlamaOptions(
            Path.of(Objects.requireNonNull(System.getProperty("cocoon.native"))),
            Path.of(Objects.requireNonNull(System.getProperty("cocoon.model"))),
            "smollm2",
            SLOTS + KEPT,
            256,
            256,
            1);
    return NativeEngine.open(
        LlamaBackend.open(options),
        EngineOptions.DEFAULTS.withSlots(SLOTS).withPreemption(50, 2),
        this::stepped);
  }

  @Test
  void requestsAndEnginesLeaveNothing()
      throws InterruptedException, IOException, ExecutionException, TimeoutException {
    Random random = new Random(SEED);
    int handlesBefore = LlamaBackend.openHandles();
    try (NativeEngine first = engine()) {
      run(first, random, 0, 20, false); // loads what a process loads once
    }
    int warmUp = finished.getAndSet(0) + cancelled.getAndSet(0) + refused.getAndSet(0);
    long before = residentBytes();
    int kept = 0;
    for (int i = 0; i < ENGINES; i++) {
      int from = warmUp + (int) ((long) REQUESTS * i / ENGINES);
      int to = warmUp + (int) ((long) REQUESTS * (i + 1) / ENGINES);
      try (NativeEngine engine = engine()) {
        boolean isAborted = i % 2 == 1;
        run(engine, random, from, to, isAborted);
        if (!isAborted) {
          kept = Math.max(kept, assertIdle(engine));
        }
      }
      assertTrue(open.isEmpty(), "a request never ended");
    }
    long after = residentBytes();
    int handles = LlamaBackend.openHandles() - handlesBefore;
    System.out.printf(
        "%d requests to %d engines: %d finished, %d cancelled or late, %d refused as the engine"
            + " closed; kept at most %d cells; %d native handles open; %d MiB resident before, %d"
            + " after%n",
        REQUESTS,
        ENGINES,
        finished.get(),
        cancelled.get(),
        refused.get(),
        kept,
        handles,
        before >> 20,
        after >> 20);
    assertEquals(REQUESTS, finished.get() + cancelled.get() + refused.get(), "each ended once");
    assertTrue(finished.get() > 0 && cancelled.get() > 0 && refused.get() > 0, "all ways to end");
    assertEquals(0, handles, "native handles");
    assertTrue(after - before < LARGEST_GROWTH, (after - before) + " bytes more");
  }

  private void run(NativeEngine engine, Random random, int from, int to, boolean isAborted)
      throws InterruptedException {
    for (int run = from; run < to; run++) {
      while (!places.tryAcquire(5, TimeUnit.MILLISECONDS)) {
        open.forEach(key -> engine.grant(key, 100)); // all that run may be without credit
      }
      RunKey key = new RunKey(1, run);
      open.add(key);
      engine.generate(request(run, random));
      if (random.nextInt(3) == 0) {
        engine.cancel(new RunKey(1, run - random.nextInt(Math.min(run - from + 1, 10))));
      }
    }
    if (!isAborted) {
      open.forEach(key -> engine.grant(key, 100));
      assertTrue(places.tryAcquire(AT_A_TIME, 120, TimeUnit.SECONDS), "a request never ended");
      places.release(AT_A_TIME);
    }
  }

  /** Asserts that no slot is busy, and returns how many cells kept prefixes held. */
  private static int assertIdle(NativeEngine engine)
      throws InterruptedException, ExecutionException, TimeoutException {
    EngineLoad load = engine.load();
    assertEquals(0, load.running(), "slots");
    assertEquals(0, load.queued(), "queue");
    assertEquals(0, load.queuedPromptTokens(), "tokens to compute");
    int kept = engine.ask(Scheduler::cachedTokens).get(10, TimeUnit.SECONDS);
    assertTrue(kept > 0 && kept <= (SLOTS + KEPT) * 256, kept + " cells");
    assertEquals(0, engine.ask(Scheduler::forgetKept).get(10, TimeUnit.SECONDS), "cells");
    return kept;
  }

  private static GenerationRequest request(int run, Random random) {
    String prompt =
        "one two three four ".repeat(random.nextInt(2)) + "word ".repeat(random.nextInt(9));
    GenerationRequest request =
        Desk.request(
            run,
            prompt + run,
            1 + random.nextInt(6),
            Sampling.GREEDY,
            List.of(),
            Continuation.NONE);
    return Desk.withCredit(
        Desk.inScope("account " + random.nextInt(5), request),
        random.nextInt(8),
        random.nextInt(8) == 0 ? 1 + random.nextInt(40) : 0);
  }

  /** Memory of this process that no file backs. */
  private static long residentBytes() throws IOException {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status has no RssAnon");
  }
}
