package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.backend.Backend;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class WatchedEngineTest {
  private static final Duration STEP = Duration.ofSeconds(1);

  private final CountDownLatch release = new CountDownLatch(1);
  private final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();

  /** A fake whose steps wait until they are let go. */
  private Backend hanging(FakeBackend fake) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("step")) {
                release.await();
              }
              return method.invoke(fake, arguments);
            });
  }

  private static FakeBackend fake(int tokensPerSecond, int length) {
    return FakeBackend.open(new FakeOptions("m", 2, 256, 256, tokensPerSecond, 0, length));
  }

  private Engine watched(Backend backend) {
    return new WatchedEngine(
        NativeEngine.open(
            backend, EngineOptions.DEFAULTS, outcome -> ended.addAll(outcome.ended())),
        STEP);
  }

  private static void ask(Engine engine) {
    engine.generate(
        new GenerationRequest(
            new RunKey(1, 1),
            "r",
            "",
            new Prompt.Text("hello"),
            Sampling.GREEDY,
            0,
            List.of(),
            false,
            false,
            0,
            512,
            0,
            Continuation.NONE));
  }

  @Test
  void aStepThatDoesNotEndBreaksTheEngine() throws Exception {
    try (Engine engine = watched(hanging(fake(0, 8)))) {
      ask(engine);
      Throwable cause = engine.broken().toCompletableFuture().get(20, TimeUnit.SECONDS);
      assertTrue(String.valueOf(cause.getMessage()).contains("a step has not ended"));
      release.countDown(); // so that closing, which waits for the step, ends
    }
  }

  @Test
  void manyStepsThatTakeLongTogetherDoNot() throws Exception {
    release.countDown();
    try (Engine engine = watched(hanging(fake(25, 60)))) { // 2.4 s, more than twice the limit
      ask(engine);
      assertInstanceOf(Ended.Finished.class, ended.poll(20, TimeUnit.SECONDS));
      assertFalse(engine.broken().toCompletableFuture().isDone());
    }
  }

  @Test
  void wantsALimit() {
    try (NativeEngine engine =
        NativeEngine.open(fake(0, 8), EngineOptions.DEFAULTS, outcome -> {})) {
      assertThrows(IllegalArgumentException.class, () -> new WatchedEngine(engine, Duration.ZERO));
    }
  }
}
