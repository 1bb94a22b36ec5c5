package org.cocoon.worker.engine;

import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendDescription;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An engine over a {@link Backend}: many generations share its batches.
 *
 * <p>Two threads. The step thread owns the backend and the {@link Scheduler}; calls reach it as
 * commands through a bounded queue, and it is parked while there is nothing to do. The prompt
 * thread renders templates and cuts text into tokens, so that a long prompt delays no step.
 *
 * <p>When the backend fails, every generation is refused with {@link RefusalCause#ENGINE}, as is
 * everything that arrives later, and {@link #broken()} completes: the process should then be
 * replaced.
 */
public final class NativeEngine implements Engine {
  private static final Logger log = LoggerFactory.getLogger(NativeEngine.class);
  private static final String BROKEN = "the engine broke; another worker can go on";
  private static final String CLOSING = "the engine is closing; another worker can go on";

  private final Backend backend;
  private final StepListener listener;
  private final Turns turns;
  private final ServedModel model;
  private final ArrayBlockingQueue<Consumer<Scheduler>> commands;
  private final ThreadPoolExecutor promptThread;
  private final Preparer preparer;
  private final Scheduler scheduler;
  private final EmbeddingDesk texts;
  private final Embedder embedder;
  private final Thread stepThread;
  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private volatile boolean closing;
  private volatile boolean parked;
  private volatile long stepStartNanos;
  private volatile EngineLoad occupancy = EngineLoad.NONE;

  /** Requests that the step thread has not looked at yet, or has and does not show yet. */
  private final AtomicInteger arriving = new AtomicInteger();

  /** Of these, those that it has looked at; the step thread's. */
  private int arrived;

  private NativeEngine(
      Backend backend,
      EngineOptions options,
      StepListener listener,
      Turns turns,
      LongSupplier nanoClock,
      InstantSource wallClock) {
    this.backend = backend;
    this.listener = listener;
    this.turns = turns;
    model = model(backend, options);
    commands = new ArrayBlockingQueue<>(options.maxCommands());
    TokenTable tokens = new TokenTable(backend.vocabulary());
    PromptBuilder prompts =
        new PromptBuilder(backend.vocabulary(), tokens, wallClock, options.maxPromptChars());
    preparer = new Preparer(backend.limits(), tokens, prompts);
    scheduler = new Scheduler(backend, options, tokens, this::prepare, nanoClock);
    texts = new EmbeddingDesk(backend.limits(), tokens, prompts);
    embedder = new Embedder(backend, options, nanoClock);
    promptThread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(model.slots() + options.maxQueued() + 1),
            Thread.ofPlatform().daemon().name(options.threadName() + "-prompts").factory());
    stepThread = Thread.ofPlatform().name(options.threadName()).unstarted(this::run);
  }

  /**
   * Starts an engine, which owns the backend from now on.
   *
   * @param backend an open backend that no other thread has used
   * @param options what an operator can set
   * @param listener hears every step, on the step thread
   */
  public static NativeEngine open(Backend backend, EngineOptions options, StepListener listener) {
    return open(backend, options, listener, new Turns());
  }

  /** The same beside other engines with which it shares a processor, and so these turns. */
  public static NativeEngine open(
      Backend backend, EngineOptions options, StepListener listener, Turns turns) {
    return start(
        new NativeEngine(backend, options, listener, turns, System::nanoTime, Clock.systemUTC()));
  }

  /** The same with a given monotonic clock, in nanoseconds, and a wall clock for chat templates. */
  public static NativeEngine open(
      Backend backend,
      EngineOptions options,
      StepListener listener,
      LongSupplier nanoClock,
      InstantSource wallClock) {
    return start(new NativeEngine(backend, options, listener, new Turns(), nanoClock, wallClock));
  }

  private static NativeEngine start(NativeEngine engine) {
    engine.promptThread.execute(engine::warmUp);
    engine.stepThread.start();
    return engine;
  }

  private static ServedModel model(Backend backend, EngineOptions options) {
    BackendDescription description = backend.description();
    List<String> features = new ArrayList<>(List.of("logprobs", "json", "tools", "continues_text"));
    if (backend.limits().candidates() == 0) {
      features.add("logit_bias");
    }
    if (backend.embeddingSize() > 0) {
      features.add("embeddings");
    }
    return new ServedModel(
        description.model(),
        description.revision(),
        backend.limits().contextTokens(),
        Scheduler.slots(backend, options),
        List.copyOf(features),
        description.device(),
        description.simulated());
  }

  @Override
  public ServedModel model() {
    return model;
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException if {@link EngineOptions#maxCommands()} calls wait already:
   *     whoever sends that much is to be cut off
   */
  @Override
  public void generate(GenerationRequest request) {
    arriving.incrementAndGet();
    try {
      submit(
          scheduler -> {
            arrived++;
            scheduler.arrive(request);
          });
    } catch (RejectedExecutionException e) {
      arriving.decrementAndGet();
      throw e;
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException as in {@link #generate}
   */
  @Override
  public void embed(EmbeddingRequest request) {
    submit(
        ignored -> {
          if (embedder.arrive(request)) {
            cut(request);
          }
        });
  }

  private void cut(EmbeddingRequest request) {
    RunKey key = request.key();
    try {
      promptThread.execute(
          () -> {
            EmbeddingDesk.Prepared prepared = texts.prepare(request);
            handBack(ignored -> embedder.prepared(key, prepared));
          });
    } catch (RejectedExecutionException e) {
      embedder.unprepared(key, RefusalCause.BUSY, "the engine has too many texts to look at");
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException as in {@link #generate}
   */
  @Override
  public void cancel(RunKey key) {
    submit(
        scheduler -> {
          scheduler.cancel(key);
          embedder.cancel(key);
        });
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException as in {@link #generate}
   */
  @Override
  public void grant(RunKey key, int tokens) {
    submit(scheduler -> scheduler.grant(key, tokens));
  }

  @Override
  public CompletionStage<Throwable> broken() {
    return broken.minimalCompletionStage();
  }

  @Override
  public EngineLoad load() {
    int late = arriving.get(); // first, so that one counts twice for a moment rather than never
    EngineLoad now = occupancy;
    return new EngineLoad(
        now.running(),
        now.queued() + late,
        now.queuedPromptTokens(),
        scheduler.decodeTokensPerSecond(),
        scheduler.prefillTokensPerSecond());
  }

  /** For how long the step that runs now has run, 0 where none does. Any thread. */
  public long nanosInStep() {
    long start = stepStartNanos;
    return start == 0 ? 0 : Math.max(System.nanoTime() - start, 0);
  }

  /**
   * Asks the step thread; never answered once the engine closes.
   *
   * @throws RejectedExecutionException as in {@link #generate}
   */
  <T> CompletableFuture<T> ask(Function<Scheduler, T> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    submit(scheduler -> answer.complete(question.apply(scheduler)));
    return answer;
  }

  /**
   * Refuses every generation as {@link RefusalCause#DRAINING}, frees the model and waits until that
   * is done; from the listener it does not wait. What is called later is ignored.
   */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(stepThread);
    if (Thread.currentThread().equals(stepThread)) {
      return;
    }
    boolean interrupted = false;
    while (stepThread.isAlive()) {
      try {
        stepThread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void submit(Consumer<Scheduler> command) {
    if (closing) {
      return;
    }
    if (!commands.offer(command)) {
      throw new RejectedExecutionException("the engine has too many calls to look at");
    }
    wake();
  }

  private void wake() {
    if (parked) {
      LockSupport.unpark(stepThread);
    }
  }

  private PromptDesk.@Nullable Ticket prepare(
      GenerationRequest request, Consumer<Preparation> done) {
    Runnable task =
        () -> {
          Preparation result = preparer.prepare(request);
          handBack(scheduler -> done.accept(result));
        };
    try {
      promptThread.execute(task);
    } catch (RejectedExecutionException e) {
      return null;
    }
    return () -> promptThread.remove(task);
  }

  /** Runs on the prompt thread; an engine may be closed again before it was ever of use. */
  private void warmUp() {
    try {
      preparer.warmUp();
    } catch (BackendException e) {
      if (!closing) {
        throw e;
      }
    }
  }

  /** Runs on the prompt thread, which may wait for room where callers may not. */
  private void handBack(Consumer<Scheduler> command) {
    try {
      while (!closing && !commands.offer(command, 100, TimeUnit.MILLISECONDS)) {
        wake();
      }
      wake();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // The engine is closing.
    }
  }

  private void run() {
    try {
      while (!closing) {
        try {
          turn();
        } catch (RuntimeException | Error failure) {
          breakDown(failure);
        }
      }
      receive();
      scheduler.shut(RefusalCause.DRAINING, CLOSING);
      embedder.shut(RefusalCause.DRAINING, CLOSING);
      tell(scheduler.takeOutcome());
      tell(embedder.takeOutcome());
    } finally {
      promptThread.shutdownNow();
      backend.close();
    }
  }

  private void turn() {
    receive();
    boolean answers = scheduler.hasWork();
    if (answers) {
      tell(step(scheduler::step));
    }
    if (embedder.hasWork()) {
      tell(step(() -> embedder.step(answers)));
    } else if (!answers) {
      park();
    }
  }

  private StepOutcome step(Supplier<StepOutcome> work) {
    turns.take();
    try {
      stepStartNanos = System.nanoTime() | 1; // 0 means that none runs
      StepOutcome outcome = work.get();
      stepStartNanos = 0;
      return outcome;
    } finally {
      turns.end();
    }
  }

  private void receive() {
    List<Consumer<Scheduler>> received = new ArrayList<>();
    commands.drainTo(received);
    for (Consumer<Scheduler> command : received) {
      command.accept(scheduler);
    }
    occupancy = embedder.beside(scheduler.occupancy());
    arriving.addAndGet(-arrived);
    arrived = 0;
  }

  private void tell(StepOutcome outcome) {
    occupancy = embedder.beside(scheduler.occupancy());
    if (!outcome.deltas().isEmpty() || !outcome.ended().isEmpty()) {
      listener.stepped(outcome);
    }
  }

  private void park() {
    parked = true;
    if (commands.isEmpty() && !closing) {
      LockSupport.parkNanos(this, scheduler.nanosToDeadline());
    }
    parked = false;
  }

  private void breakDown(Throwable failure) {
    stepStartNanos = 0;
    log.error("the engine broke", failure);
    scheduler.shut(RefusalCause.ENGINE, BROKEN);
    embedder.shut(RefusalCause.ENGINE, BROKEN);
    broken.complete(failure);
  }
}
