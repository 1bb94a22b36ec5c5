package org.cocoon.worker;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.control.ModelControl;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes models in and gives them up, before the worker attaches and while it runs.
 *
 * <pre>
 * load    memory by an estimate -> hash -> weights -> self-test -> routers are told
 * unload  routers are told -> what runs ends, or goes on elsewhere after its time -> memory is free
 * </pre>
 *
 * <p>While it runs, one model at a time. Whatever goes wrong is one sentence, and the other models
 * hear nothing of it; but for a model that hangs in its self-test, which nobody can end without the
 * process.
 */
final class LiveModels implements ModelControl {
  private static final Logger log = LoggerFactory.getLogger(LiveModels.class);
  private static final Duration SELF_TEST = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 20;
  private static final long MB = 1_000_000;

  /** For so long routers may take to hear that a model goes. */
  private static final long HEARD_SECONDS = 5;

  /** For so long the last step of an engine that does not pass may take. */
  private static final long CLOSE_SECONDS = 10;

  private final ModelOpener opener;
  private final Vertx vertx;
  private final StepListener listener;
  private final EngineSet engines;
  private final @Nullable Path state;
  private final Duration drain;
  private final MachineMemory memory;
  private final Semaphore one = new Semaphore(1);
  private final AtomicReference<Map<String, String>> underWay = new AtomicReference<>(Map.of());
  private Supplier<Future<Void>> announce = Future::succeededFuture;
  private Consumer<Throwable> hangs = fault -> {};

  /**
   * Has no models yet.
   *
   * @param listener hears the steps of every engine
   * @param engines where they go
   * @param state folder in which the self-test keeps its answers, or null
   * @param drain how long what runs of a model may take to end when it is given up
   */
  LiveModels(
      ModelOpener opener,
      Vertx vertx,
      StepListener listener,
      EngineSet engines,
      @Nullable Path state,
      Duration drain,
      MachineMemory memory) {
    this.opener = opener;
    this.vertx = vertx;
    this.listener = listener;
    this.engines = engines;
    this.state = state;
    this.drain = drain;
    this.memory = memory;
  }

  /** Takes in a model before anything else runs. */
  void start(ModelSpec spec) throws InterruptedException {
    engines.add(tested(spec, Loading.ALONE));
  }

  /**
   * From now on the worker runs.
   *
   * @param toRouters tells routers which models there are; completes when nothing is on its way any
   *     more that was sent before they heard it
   * @param hanging hears that an engine can neither answer nor be closed
   */
  void running(Supplier<Future<Void>> toRouters, Consumer<Throwable> hanging) {
    announce = toRouters;
    hangs = hanging;
  }

  private Engine tested(ModelSpec spec, Loading loading) throws InterruptedException {
    SelfTest test = new SelfTest(listener);
    Engine made = opener.open(spec, vertx, test, loading);
    if (made.model().simulated()) {
      test.skip();
      return made;
    }
    loading.reached("self-test");
    try {
      test.run(made, SELF_TEST, state);
      return made;
    } catch (BackendException e) {
      if (loading.besideOthers()) {
        closeUntested(made, e);
      }
      throw e;
    }
  }

  /**
   * A step that hangs keeps its engine from being closed, and perhaps the others from computing.
   */
  private void closeUntested(Engine engine, BackendException why) throws InterruptedException {
    CountDownLatch closed = new CountDownLatch(1);
    Thread.ofVirtual()
        .start(
            () -> {
              engine.close();
              closed.countDown();
            });
    if (!closed.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
      hangs.accept(why);
    }
  }

  @Override
  public String load(ModelSpec spec, Consumer<String> told) throws InterruptedException {
    String source = spec.source();
    return alone(
        source,
        () -> {
          engines.requireNew(spec.name());
          fits(spec);
          long before = memory.resident();
          long start = System.nanoTime();
          log.info("event=model_loading source=\"{}\"", source);
          Engine made = tested(spec, new Steps(source, told));
          try {
            engines.add(made);
          } catch (IllegalArgumentException e) {
            made.close();
            throw e;
          }
          tell();
          ServedModel model = made.model();
          String said =
              "%s is served: %d slots of %d tokens; it took %.1f s and %,d MB of memory"
                  .formatted(
                      model.name(),
                      model.slots(),
                      model.contextTokens(),
                      (System.nanoTime() - start) / 1e9,
                      (memory.resident() - before) / MB);
          log.info(
              "event=model_loaded model={} revision={} slots={} millis={} rss_mb_before={} rss_mb={}",
              model.name(),
              model.revision(),
              model.slots(),
              TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
              before / MB,
              memory.resident() / MB);
          return said;
        });
  }

  private void fits(ModelSpec spec) {
    OptionalLong needed = opener.bytesNeeded(spec);
    OptionalLong free = memory.available();
    if (needed.isPresent() && free.isPresent() && needed.getAsLong() > free.getAsLong()) {
      throw new BackendException(
          "%s needs about %,d MB of memory and %,d MB are free; give up another model first, or take fewer --slots or a shorter --context"
              .formatted(spec.source(), needed.getAsLong() / MB, free.getAsLong() / MB));
    }
  }

  @Override
  public String unload(String name, Consumer<String> told) throws InterruptedException {
    return alone(
        name,
        () -> {
          long before = memory.resident();
          engines.giveUp(name);
          show(name, "leaving");
          heard(announce.get());
          Engine leaving = leaving(name);
          int left = drained(leaving, told);
          engines.remove(name).close();
          tell(); // nobody needs its keys any more
          long now = memory.resident();
          log.info(
              "event=model_given_up model={} went_elsewhere={} rss_mb_before={} rss_mb={}",
              name,
              left,
              before / MB,
              now / MB);
          return "%s is given up; %s, and %,d MB of memory are free again"
              .formatted(
                  name,
                  switch (left) {
                    case 0 -> "all of its answers ended";
                    case 1 -> "1 answer goes on elsewhere";
                    default -> left + " answers go on elsewhere";
                  },
                  (before - now) / MB);
        });
  }

  private Engine leaving(String name) {
    Engine engine = engines.find(name);
    if (engine == null) {
      throw new IllegalStateException("nobody else takes out what leaves");
    }
    return engine;
  }

  /** Tells routers which models there are, and does not wait. */
  private void tell() {
    announce.get().onFailure(LiveModels::notTold);
  }

  private static void notTold(Throwable fault) {
    log.warn("event=router_not_told reason=\"{}\"", fault.toString());
  }

  private void heard(Future<Void> routers) throws InterruptedException {
    try {
      routers.toCompletionStage().toCompletableFuture().get(HEARD_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // A router that hears nothing has its runs refused, and goes on elsewhere.
      notTold(e);
    }
  }

  /** Waits until an engine has nothing more to do, and says how much it had when time was over. */
  private int drained(Engine engine, Consumer<String> told) throws InterruptedException {
    long until = System.nanoTime() + drain.toNanos();
    int said = -1;
    while (true) {
      int left = engine.load().unfinished();
      if (left == 0 || System.nanoTime() - until >= 0) {
        return left;
      }
      if (left != said) {
        told.accept(left == 1 ? "1 answer is left" : left + " answers are left");
        said = left;
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  @Override
  public List<String> models() {
    Map<String, EngineLoad> loads = engines.loads();
    return engines.models().stream()
        .map(
            model ->
                "%s@%s  %d of %d slots busy, %d tokens each, %s"
                    .formatted(
                        model.name(),
                        model.revision(),
                        loads.getOrDefault(model.name(), EngineLoad.NONE).running(),
                        model.slots(),
                        model.contextTokens(),
                        model.device()))
        .toList();
  }

  /** What is being loaded or given up, and how far it is. */
  Map<String, String> underWay() {
    return underWay.get();
  }

  private void show(String what, String stage) {
    underWay.set(Map.of(what, stage));
  }

  private interface Work {
    String run() throws InterruptedException;
  }

  private String alone(String what, Work work) throws InterruptedException {
    if (!one.tryAcquire()) {
      throw new IllegalArgumentException(
          "another model is being loaded or given up just now: " + underWay());
    }
    try {
      show(what, "begins");
      return work.run();
    } catch (BackendException | IllegalArgumentException e) {
      log.warn("event=model_refused model=\"{}\" reason=\"{}\"", what, e.getMessage());
      throw e;
    } finally {
      underWay.set(Map.of());
      one.release();
    }
  }

  /** Tells of each twentieth, with the speed. */
  private final class Steps implements Loading {
    private static final int PARTS = 20;
    private final String source;
    private final Consumer<String> told;
    private final long startNanos = System.nanoTime();
    private int parts;

    Steps(String source, Consumer<String> told) {
      this.source = source;
      this.told = told;
    }

    @Override
    public boolean besideOthers() {
      return true;
    }

    @Override
    public synchronized void hashed(long bytes, long all) {
      int now = (int) (PARTS * bytes / Math.max(all, 1));
      if (now > parts) {
        parts = now;
        double seconds = Math.max(System.nanoTime() - startNanos, 1) / 1e9;
        say("hash %d %%, %,.0f MB/s".formatted(100 * now / PARTS, bytes / seconds / MB));
      }
    }

    @Override
    public void reached(String stage) {
      say(stage);
    }

    private void say(String what) {
      show(source, what);
      log.info("event=model_progress source=\"{}\" at=\"{}\"", source, what);
      told.accept(what);
    }
  }
}
