package org.cocoon.worker.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.Vocabulary;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class NativeEngineTest {
  private final HashBackend backend = new HashBackend(4, 512, 128);
  private final Map<RunKey, List<Integer>> ids = new ConcurrentHashMap<>();
  private final LinkedBlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
  private final NativeEngine engine =
      NativeEngine.open(backend, EngineOptions.DEFAULTS, this::stepped);

  @AfterEach
  void closeEngine() {
    engine.close();
  }

  private void stepped(StepOutcome outcome) {
    for (Delta delta : outcome.deltas()) {
      List<Integer> all = ids.computeIfAbsent(delta.key(), key -> new ArrayList<>());
      for (int id : delta.ids()) {
        all.add(id);
      }
    }
    ended.addAll(outcome.ended());
  }

  private Ended next() throws InterruptedException {
    Ended next = ended.poll(10, SECONDS);
    if (next == null) {
      throw new AssertionError("nothing ended in time");
    }
    return next;
  }

  @Test
  void answersFromManyThreads() throws InterruptedException {
    List<Thread> callers = new ArrayList<>();
    for (int run = 0; run < 32; run++) {
      GenerationRequest request = Desk.request(run, "prompt " + run, 20);
      callers.add(Thread.ofVirtual().start(() -> engine.generate(request)));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    for (int i = 0; i < 32; i++) {
      Ended.Finished finished = assertInstanceOf(Ended.Finished.class, next());
      GenerationRequest same =
          Desk.request(finished.key().run(), "prompt " + finished.key().run(), 20);
      assertEquals(Desk.alone(same).ids, ids.get(finished.key()));
    }
    EngineLoad load = engine.load();
    assertEquals(0, load.running() + load.queued());
    assertTrue(load.decodeTokensPerSecond() > 0);
    assertEquals("hash", engine.model().name());
    assertEquals(4, engine.model().slots());
  }

  @Test
  void grantAndCancelWakeAnEngineThatSleeps() throws InterruptedException {
    engine.generate(Desk.withCredit(Desk.request(1, "a", 4), 0, 0));
    engine.generate(Desk.withCredit(Desk.request(2, "b", 4), 0, 0));
    engine.grant(new RunKey(1, 1), 4);
    assertEquals(1, next().key().run());
    engine.cancel(new RunKey(1, 2));
    assertEquals(FinishReason.CANCELLED, assertInstanceOf(Ended.Finished.class, next()).reason());
  }

  @Test
  void deadlineWakesAnEngineThatSleeps() throws InterruptedException {
    engine.generate(Desk.withCredit(Desk.request(1, "a", 4), 0, 30));
    assertEquals(FinishReason.CANCELLED, assertInstanceOf(Ended.Finished.class, next()).reason());
  }

  @Test
  void backendFailureFailsEverythingAndIsTold() throws Exception {
    engine.generate(Desk.withCredit(Desk.request(1, "a", 4), 0, 0));
    engine.generate(Desk.withCredit(Desk.request(2, "b", 1), 1, 0));
    assertEquals(2, next().key().run());
    BackendException failure = new BackendException("out of memory");
    backend.failure = failure;
    engine.grant(new RunKey(1, 1), 4);
    assertEquals(RefusalCause.ENGINE, assertInstanceOf(Ended.Refused.class, next()).cause());
    assertSame(failure, engine.broken().toCompletableFuture().get(10, SECONDS));
    engine.generate(Desk.request(3, "c", 4));
    assertEquals(RefusalCause.ENGINE, assertInstanceOf(Ended.Refused.class, next()).cause());
  }

  /** A vocabulary that cuts no text until the test says so. */
  private static Vocabulary slow(CountDownLatch mayCut) {
    TestVocabulary real = new TestVocabulary(null);
    return (Vocabulary)
        Proxy.newProxyInstance(
            Vocabulary.class.getClassLoader(),
            new Class<?>[] {Vocabulary.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("tokenize")) {
                mayCut.await();
              }
              return method.invoke(real, arguments);
            });
  }

  @Test
  void promptsOfCancelledRequestsLeaveTheQueue() throws InterruptedException {
    CountDownLatch mayCut = new CountDownLatch(1);
    EngineOptions few = EngineOptions.DEFAULTS.withMaxQueued(3);
    HashBackend slow = new HashBackend(1, 512, 128, slow(mayCut));
    try (NativeEngine other = NativeEngine.open(slow, few, this::stepped)) {
      for (int run = 1; run <= 50; run++) {
        other.generate(Desk.request(run, "never read", 4));
        other.cancel(new RunKey(1, run));
        Ended.Finished cancelled = assertInstanceOf(Ended.Finished.class, next());
        assertEquals(FinishReason.CANCELLED, cancelled.reason());
      }
      other.generate(Desk.request(51, "read", 4));
      mayCut.countDown();
      assertEquals(4, assertInstanceOf(Ended.Finished.class, next()).completionTokens());
    }
  }

  @Test
  void closeRefusesWhatRunsAndFreesTheBackend() throws InterruptedException {
    engine.generate(Desk.withCredit(Desk.request(1, "a", 4), 1, 0));
    engine.generate(Desk.withCredit(Desk.request(2, "b", 1), 1, 0));
    assertEquals(2, next().key().run());
    engine.close();
    assertTrue(backend.isClosed());
    assertEquals(RefusalCause.DRAINING, assertInstanceOf(Ended.Refused.class, next()).cause());
    engine.generate(Desk.request(3, "c", 4));
    assertTrue(ended.isEmpty());
  }
}
