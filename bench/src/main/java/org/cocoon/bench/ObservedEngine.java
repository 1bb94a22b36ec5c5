package org.cocoon.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.backend.Backend;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.jspecify.annotations.Nullable;

/**
 * An engine whose every token is seen, with the time at which it came. Answers are greedy and do
 * not end before their length. Any thread.
 */
final class ObservedEngine implements AutoCloseable {
  private final NativeEngine engine;
  private final Map<Long, Seen> seen = new HashMap<>();
  private long runs;

  /** What came of one request. */
  static final class Seen {
    private final long startNanos = System.nanoTime();
    private final List<Long> tokenNanos = new ArrayList<>();
    private long idSum;
    private int promptTokens;
    private boolean ended;
    private String refusal = "";

    /** When each token came. */
    List<Long> tokenNanos() {
      return tokenNanos;
    }

    long idSum() {
      return idSum;
    }

    int promptTokens() {
      return promptTokens;
    }

    /** From the request to its first token. */
    double firstTokenMillis() {
      return (tokenNanos.getFirst() - startNanos) / 1e6;
    }
  }

  ObservedEngine(Backend backend, EngineOptions options) {
    engine = NativeEngine.open(backend, options, this::stepped);
  }

  private synchronized void stepped(StepOutcome outcome) {
    long now = System.nanoTime();
    for (Delta delta : outcome.deltas()) {
      Seen one = seen.get(delta.key().run());
      for (int id : delta.ids()) {
        if (one != null) {
          one.tokenNanos.add(now);
          one.idSum += id;
        }
      }
    }
    for (Ended ended : outcome.ended()) {
      Seen one = seen.get(ended.key().run());
      if (one != null) {
        one.ended = true;
        switch (ended) {
          case Ended.Finished finished -> one.promptTokens = finished.promptTokens();
          case Ended.Refused refused -> one.refusal = refused.message();
        }
      }
    }
    notifyAll();
  }

  /** Asks for so many tokens after a text; returns its number. */
  long ask(String text, int tokens) {
    return ask(new Prompt.Text(text), tokens);
  }

  /** Asks for so many tokens of an answer; returns its number. */
  synchronized long ask(Prompt prompt, int tokens) {
    long run = ++runs;
    seen.put(run, new Seen());
    engine.generate(
        new GenerationRequest(
            new RunKey(0, run),
            "bench",
            "",
            prompt,
            Sampling.GREEDY,
            tokens,
            List.of(),
            true,
            false,
            0,
            tokens,
            0,
            Continuation.NONE));
    return run;
  }

  /** Waits until a request has so many tokens. */
  synchronized void awaitTokens(long run, int tokens) throws InterruptedException {
    while (of(run).tokenNanos.size() < tokens) {
      check(run);
      wait();
    }
  }

  /** Waits until a request has ended, and forgets it. */
  synchronized Seen await(long run) throws InterruptedException {
    while (!of(run).ended) {
      wait();
    }
    check(run);
    return of(seen.remove(run));
  }

  private void check(long run) {
    if (!of(run).refusal.isEmpty()) {
      throw new IllegalStateException("the engine refused a prompt: " + of(run).refusal);
    }
  }

  private Seen of(long run) {
    return of(seen.get(run));
  }

  private static Seen of(@Nullable Seen one) {
    if (one == null) {
      throw new IllegalArgumentException("nobody asked that");
    }
    return one;
  }

  @Override
  public void close() {
    engine.close();
  }
}
