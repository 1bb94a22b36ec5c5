package org.cocoon.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import org.cocoon.backend.Backend;
import org.cocoon.client.ChatRequest;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.jspecify.annotations.Nullable;

/**
 * A worker's engine in this process, with no network around it: the most that its scheduler and
 * backend give. One thread calls.
 */
final class DirectEngine implements AutoCloseable {
  private final NativeEngine engine;
  private final String system;
  private final LongSupplier nanoClock;
  private volatile @Nullable Batch running;
  private long nextRun;

  /**
   * Starts an engine with a worker's options.
   *
   * @param system begins each conversation that has no system message, as a worker's --system does;
   *     empty: nothing does
   */
  DirectEngine(Backend backend, String system, LongSupplier nanoClock) {
    this.system = system;
    this.nanoClock = nanoClock;
    engine = NativeEngine.open(backend, EngineOptions.DEFAULTS, this::stepped);
  }

  private void stepped(StepOutcome outcome) {
    Batch batch = running;
    if (batch != null) {
      batch.stepped(outcome, nanoClock.getAsLong());
    }
  }

  /**
   * Answers all prompts at the same time, greedily and to full length.
   *
   * @throws IllegalStateException if the engine refuses one
   */
  EnginePass run(Prompts prompts, int count, int maxTokens) throws InterruptedException {
    Batch batch = new Batch(count, nanoClock.getAsLong());
    running = batch;
    for (int i = 0; i < count; i++) {
      engine.generate(request(prompts.of(i), maxTokens));
    }
    return batch.await();
  }

  private GenerationRequest request(List<ChatRequest.Message> asked, int maxTokens) {
    List<Message> messages = new ArrayList<>();
    if (!system.isEmpty() && !asked.getFirst().role().equals("system")) {
      messages.add(new Message("system", system));
    }
    asked.forEach(one -> messages.add(new Message(one.role(), one.content())));
    return new GenerationRequest(
        new RunKey(0, ++nextRun),
        "bench",
        "",
        new Prompt.Chat(messages, ""),
        Sampling.GREEDY,
        maxTokens,
        List.of(),
        true,
        false,
        0,
        maxTokens,
        0,
        Continuation.NONE);
  }

  @Override
  public void close() {
    engine.close();
  }

  /** What is heard of one batch, on the engine's step thread. */
  private static final class Batch {
    private final CountDownLatch left;
    private final long startNanos;
    private volatile long lastTokenNanos;
    private volatile long promptTokens;
    private volatile long outputTokens;
    private volatile String refusal = "";

    Batch(int count, long startNanos) {
      this.left = new CountDownLatch(count);
      this.startNanos = startNanos;
      this.lastTokenNanos = startNanos;
    }

    // The step thread is the only writer.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void stepped(StepOutcome outcome, long nowNanos) {
      for (Delta delta : outcome.deltas()) {
        outputTokens += delta.ids().length;
        lastTokenNanos = nowNanos;
      }
      for (Ended ended : outcome.ended()) {
        switch (ended) {
          case Ended.Finished finished -> promptTokens += finished.promptTokens();
          case Ended.Refused refused -> refusal = refused.message();
        }
        left.countDown();
      }
    }

    EnginePass await() throws InterruptedException {
      left.await();
      if (!refusal.isEmpty()) {
        throw new IllegalStateException("the engine refused a prompt: " + refusal);
      }
      return new EnginePass(promptTokens, outputTokens, (lastTokenNanos - startNanos) / 1e9);
    }
  }
}
