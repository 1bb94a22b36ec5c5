package org.cocoon.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendDescription;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import picocli.CommandLine;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LiveModelsTest {
  private static final long SMALL = 1_000;

  private final Vertx vertx = Vertx.vertx();
  private final EngineSet engines = new EngineSet();
  private final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private final List<String> told = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger announced = new AtomicInteger();
  private final CountDownLatch opening = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);

  /**
   * Opens fakes that count as real, named by their source: "bad" breaks in its first step, "slow"
   * waits before it opens, "large" fits nowhere. Files are opened as a worker does.
   */
  private final class Fakes implements ModelOpener {
    final List<String> opened = Collections.synchronizedList(new ArrayList<>());
    final EngineArguments real = new EngineArguments();

    @Override
    public Engine open(ModelSpec spec, Vertx loops, StepListener listener, Loading loading)
        throws InterruptedException {
      if (spec.source().endsWith(".gguf")) {
        return real.open(spec, loops, listener, loading);
      }
      opened.add(spec.source());
      if (spec.source().equals("slow")) {
        opening.countDown();
        release.await();
      }
      loading.hashed(50, 100);
      return NativeEngine.open(fake(spec), EngineOptions.DEFAULTS, listener);
    }

    @Override
    public OptionalLong bytesNeeded(ModelSpec spec) {
      return OptionalLong.of(spec.source().equals("large") ? Long.MAX_VALUE : SMALL);
    }
  }

  private final Fakes fakes = new Fakes();

  private static Backend fake(ModelSpec spec) {
    FakeBackend fake = FakeBackend.open(new FakeOptions(spec.source(), 2, 512, 256, 100, 0, 400));
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("description")) {
                String name = spec.name().isEmpty() ? spec.source() : spec.name();
                return new BackendDescription("fake", name, "file:0", "none", false);
              }
              if (method.getName().equals("step") && spec.source().equals("bad")) {
                throw new BackendException("a row without one number in it");
              }
              return method.invoke(fake, arguments);
            });
  }

  private void stepped(StepOutcome outcome) {
    outcome.deltas().forEach(delta -> text.writeBytes(delta.text()));
    ended.addAll(outcome.ended());
  }

  private LiveModels models(Duration drain) throws InterruptedException {
    LiveModels models =
        new LiveModels(fakes, vertx, this::stepped, engines, null, drain, new MachineMemory());
    models.start(new ModelSpec("first", "", ""));
    models.running(
        () -> {
          announced.incrementAndGet();
          return Future.succeededFuture();
        },
        fault -> {
          throw new AssertionError(fault);
        });
    return models;
  }

  private LiveModels models() throws InterruptedException {
    return models(Duration.ofSeconds(20));
  }

  @AfterEach
  void close() throws Exception {
    release.countDown();
    engines.close();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private List<String> offered() {
    return engines.models().stream().map(ServedModel::name).toList();
  }

  private static void ask(Engine engine, int tokens) {
    engine.generate(
        new GenerationRequest(
            new RunKey(1, 1),
            "r",
            "",
            new Prompt.Text("One, two, three,"),
            Sampling.GREEDY,
            tokens,
            List.of(),
            true,
            false,
            0,
            tokens,
            0,
            Continuation.NONE));
  }

  private Engine engine(String name) {
    return Objects.requireNonNull(engines.find(name), name);
  }

  private String refusal(LiveModels models, String source) {
    RuntimeException refused =
        assertThrows(
            RuntimeException.class, () -> models.load(new ModelSpec(source, "", ""), told::add));
    assertEquals(Map.of(), models.underWay());
    return String.valueOf(refused.getMessage());
  }

  @Test
  void aModelIsOfferedAfterItsSelfTest() throws Exception {
    LiveModels models = models();
    String said = models.load(new ModelSpec("other", "", ""), told::add);
    assertTrue(said.startsWith("other is served: 2 slots of 512 tokens"), said);
    assertEquals(List.of("first", "other"), offered());
    assertTrue(told.getFirst().startsWith("hash 50 %, "), told.getFirst());
    assertEquals("self-test", told.getLast());
    assertEquals(1, announced.get());
    assertTrue(models.models().getLast().startsWith("other@file:0  0 of 2 slots busy"));
    assertTrue(ended.isEmpty(), "nobody hears of the self-test");
  }

  @Test
  void whatCannotBeHadIsASentenceAndChangesNothing() throws Exception {
    LiveModels models = models();
    assertTrue(refusal(models, "bad").contains("a row without one number in it"));
    assertTrue(refusal(models, "large").contains("MB are free; give up another model first"));
    assertTrue(refusal(models, "first").contains("has a model 'first' already"));
    assertTrue(!fakes.opened.contains("large"), "what does not fit is not opened");
    assertEquals(List.of("first"), offered());
    assertEquals(0, announced.get());
    ask(engine("first"), 3);
    assertInstanceOf(Ended.Finished.class, ended.take(), "it answers as before");
    models.load(new ModelSpec("good", "by-name", ""), told::add);
    assertEquals(List.of("first", "by-name"), offered());
    ModelSpec taken = new ModelSpec("more", "by-name", "");
    assertThrows(IllegalArgumentException.class, () -> models.load(taken, told::add));
    assertTrue(!fakes.opened.contains("more"), "it is not opened in vain");
  }

  @Test
  void aModelIsGivenUpOnceWhatRunsHasEnded() throws Exception {
    LiveModels models = models();
    models.load(new ModelSpec("other", "", ""), told::add);
    ask(engine("other"), 40);
    String said = models.unload("other", told::add);
    assertTrue(said.startsWith("other is given up; all of its answers ended"), said);
    assertInstanceOf(Ended.Finished.class, ended.take());
    assertTrue(told.contains("1 answer is left"));
    assertNull(engines.find("other"));
    assertEquals(List.of("first"), offered());
    assertTrue(announced.get() >= 2, "routers were told, too");
  }

  @Test
  void whatDoesNotEndInItsTimeIsLeftToOthers() throws Exception {
    LiveModels models = models(Duration.ofMillis(50));
    models.load(new ModelSpec("other", "", ""), told::add);
    ask(engine("other"), 400);
    String said = models.unload("other", told::add);
    assertTrue(said.contains("1 answer goes on elsewhere"), said);
    Ended.Refused end = assertInstanceOf(Ended.Refused.class, ended.take());
    assertEquals(RefusalCause.DRAINING, end.cause());
  }

  @Test
  void theOnlyModelAndOneThatIsNotThereAreNotGivenUp() throws Exception {
    LiveModels models = models();
    for (String name : List.of("first", "none")) {
      assertThrows(IllegalArgumentException.class, () -> models.unload(name, told::add));
    }
    assertEquals(List.of("first"), offered());
    assertEquals(0, announced.get());
  }

  @Test
  void oneAtATime() throws Exception {
    LiveModels models = models();
    CompletableFuture<Void> loading =
        CompletableFuture.runAsync(
            () -> {
              try {
                models.load(new ModelSpec("slow", "", ""), told::add);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    opening.await();
    assertTrue(models.underWay().containsKey("slow"));
    IllegalArgumentException busy =
        assertThrows(
            IllegalArgumentException.class,
            () -> models.load(new ModelSpec("other", "", ""), told::add));
    assertTrue(String.valueOf(busy.getMessage()).contains("just now: {slow="));
    release.countDown();
    loading.get();
    assertEquals(List.of("first", "slow"), offered());
  }

  @Test
  @EnabledIfSystemProperty(named = "cocoon.model", matches = ".+")
  void aRealModelComesBesideFakesAndItsMemoryIsFreeAgain(TestReporter reporter) throws Exception {
    String file = Objects.requireNonNull(System.getProperty("cocoon.model"));
    new CommandLine(fakes.real)
        .parseArgs(
            "--native",
            Objects.requireNonNull(System.getProperty("cocoon.native")),
            "--threads",
            "1",
            "--slots",
            "4");
    LiveModels models = models();
    models.load(new ModelSpec("second", "", ""), told::add);
    String wrong = "0".repeat(64);
    BackendException other =
        assertThrows(
            BackendException.class,
            () -> models.load(new ModelSpec(file, "real", wrong), told::add));
    Matcher found =
        Pattern.compile("has the hash ([0-9a-f]{64}), not " + wrong)
            .matcher(String.valueOf(other.getMessage()));
    assertTrue(found.find(), () -> String.valueOf(other.getMessage()));
    ask(engine("first"), 300); // meanwhile
    long before = new MachineMemory().resident();
    models.load(new ModelSpec(file, "real", found.group(1)), told::add);
    long loaded = new MachineMemory().resident();
    assertEquals(List.of("first", "second", "real"), offered());
    assertTrue(told.stream().anyMatch(line -> line.startsWith("hash 100 %")), told::toString);
    assertInstanceOf(Ended.Finished.class, ended.take(), "what ran is not disturbed");
    text.reset();
    ask(engine("real"), 8);
    assertNotNull(ended.take());
    assertTrue(text.toString(UTF_8).contains("four"), text.toString(UTF_8));
    String said = models.unload("real", told::add);
    long after = new MachineMemory().resident();
    reporter.publishEntry(
        "resident MB before, loaded, given up",
        "%d, %d, %d".formatted(before >> 20, loaded >> 20, after >> 20));
    assertTrue(loaded - after > (loaded - before) / 2, said);
  }
}
