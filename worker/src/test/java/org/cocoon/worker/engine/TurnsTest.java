package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.cocoon.backend.Backend;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class TurnsTest {
  private static final int TOKENS = 200;

  private final AtomicInteger computing = new AtomicInteger();
  private final AtomicInteger mostComputing = new AtomicInteger();
  private final List<String> steps = Collections.synchronizedList(new ArrayList<>());

  /** A fake that notes whether another one computes meanwhile. */
  private Backend noting(String name) {
    FakeBackend fake = FakeBackend.open(new FakeOptions(name, 2, 512, 256, 0, 0, TOKENS));
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (!method.getName().equals("step")) {
                return method.invoke(fake, arguments);
              }
              mostComputing.accumulateAndGet(computing.incrementAndGet(), Math::max);
              steps.add(name);
              LockSupport.parkNanos(20_000); // the others' chance to be seen
              Object result = method.invoke(fake, arguments);
              computing.decrementAndGet();
              return result;
            });
  }

  private static void ask(Engine engine) {
    engine.generate(
        new GenerationRequest(
            new RunKey(1, 1),
            "r",
            "",
            new Prompt.Text("hello"),
            Sampling.GREEDY,
            TOKENS,
            List.of(),
            true,
            false,
            0,
            TOKENS,
            0,
            Continuation.NONE));
  }

  @Test
  void enginesThatShareTurnsComputeOneAfterTheOtherAndNoneStarves() throws Exception {
    CountDownLatch ended = new CountDownLatch(2);
    StepListener listener = outcome -> outcome.ended().forEach(end -> ended.countDown());
    Turns turns = new Turns();
    try (Engine a = NativeEngine.open(noting("a"), EngineOptions.DEFAULTS, listener, turns);
        Engine b = NativeEngine.open(noting("b"), EngineOptions.DEFAULTS, listener, turns)) {
      ask(a);
      ask(b);
      ended.await();
    }
    assertEquals(1, mostComputing.get(), "at one time");
    List<String> all = List.copyOf(steps);
    int both = Math.min(all.lastIndexOf("a"), all.lastIndexOf("b"));
    int since = Math.max(all.indexOf("a"), all.indexOf("b"));
    int inARow = 0;
    for (int i = since + 1; i < both; i++) {
      inARow = all.get(i).equals(all.get(i - 1)) ? inARow + 1 : 0;
      assertTrue(inARow <= 3, "one computed on and on while the other waited");
    }
  }
}
