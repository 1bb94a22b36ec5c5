package org.cocoon.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.cocoon.worker.engine.EmbeddingRequest;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;

/**
 * A native engine under watch: one whose step does not end counts as broken.
 *
 * <p>A step that hangs, in a driver or in native code, cannot be interrupted, and every call that
 * waits for its thread waits with it. So nothing is tried but to tell: the process is to be ended
 * and started again, while routers go on elsewhere.
 */
final class WatchedEngine implements Engine {
  private static final long LOOK_MILLIS = 250;

  private final NativeEngine engine;
  private final long timeoutNanos;
  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private final Thread watch;
  private volatile boolean closing;

  WatchedEngine(NativeEngine engine, Duration stepTimeout) {
    if (stepTimeout.isNegative() || stepTimeout.isZero()) {
      throw new IllegalArgumentException("--step-timeout is above 0, such as PT60S");
    }
    this.engine = engine;
    this.timeoutNanos = stepTimeout.toNanos();
    engine.broken().thenAccept(broken::complete);
    watch = Thread.ofVirtual().name("engine-watch").start(this::watch);
  }

  private void watch() {
    try {
      while (!closing && !broken.isDone()) {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        long stuck = engine.nanosInStep();
        if (stuck > timeoutNanos) {
          broken.complete(
              new IOException(
                  "a step has not ended for %d s"
                      .formatted(TimeUnit.NANOSECONDS.toSeconds(stuck))));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public ServedModel model() {
    return engine.model();
  }

  @Override
  public void generate(GenerationRequest request) {
    engine.generate(request);
  }

  @Override
  public void embed(EmbeddingRequest request) {
    engine.embed(request);
  }

  @Override
  public void cancel(RunKey key) {
    engine.cancel(key);
  }

  @Override
  public void grant(RunKey key, int tokens) {
    engine.grant(key, tokens);
  }

  @Override
  public CompletionStage<Throwable> broken() {
    return broken.minimalCompletionStage();
  }

  @Override
  public EngineLoad load() {
    return engine.load();
  }

  @Override
  public void close() {
    closing = true;
    watch.interrupt();
    engine.close();
  }
}
