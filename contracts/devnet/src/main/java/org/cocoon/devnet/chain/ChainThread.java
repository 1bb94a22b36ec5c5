package org.cocoon.devnet.chain;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.tvm.Emulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread that owns a chain, with a bounded queue of what others want from it. */
public final class ChainThread implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ChainThread.class);
  private static final int MAX_WAITING = 1024;
  private static final long TICK_MILLIS = 100;
  private static final long STOP_SECONDS = 8;

  private final ThreadPoolExecutor executor;
  private final ScheduledThreadPoolExecutor ticker;
  private final Chain chain;

  private ChainThread(ThreadPoolExecutor executor, Chain chain) {
    this.executor = executor;
    this.chain = chain;
    ticker =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("devnet-ticker").factory());
  }

  /** Opens a chain on a thread of its own. */
  public static ChainThread open(ChainOptions options) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            Thread.ofPlatform().name("devnet-chain").stackSize(Emulator.STACK_BYTES).factory());
    try {
      Chain chain = executor.submit(() -> new Chain(options)).get();
      ChainThread thread = new ChainThread(executor, chain);
      executor.execute(chain::warmUp);
      var _ =
          thread.ticker.scheduleWithFixedDelay(
              thread::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
      return thread;
    } catch (ExecutionException e) {
      executor.shutdown();
      if (e.getCause() instanceof ChainException expected) {
        throw expected;
      }
      throw new ChainException(Kind.BROKEN, "the chain does not start: " + e.getCause(), e);
    } catch (InterruptedException e) {
      executor.shutdown();
      Thread.currentThread().interrupt();
      throw new ChainException(Kind.BUSY, "interrupted while the chain started", e);
    }
  }

  private void tick() {
    try {
      run(Chain::tick).join();
    } catch (ChainException | CompletionException e) {
      log.atWarn()
          .addKeyValue("event", "tick_failed")
          .addKeyValue("reason", e.getMessage())
          .log("");
    }
  }

  /** Does something with the chain, on its thread. */
  public CompletableFuture<Void> run(Consumer<Chain> task) {
    try {
      return CompletableFuture.runAsync(() -> task.accept(chain), executor);
    } catch (RejectedExecutionException e) {
      throw new ChainException(Kind.BUSY, "the chain has too much to do: try again later", e);
    }
  }

  /**
   * Asks the chain something, on its thread.
   *
   * @throws ChainException if too many already wait
   */
  public <T> CompletableFuture<T> ask(Function<Chain, T> task) {
    try {
      return CompletableFuture.supplyAsync(() -> task.apply(chain), executor);
    } catch (RejectedExecutionException e) {
      throw new ChainException(Kind.BUSY, "the chain has too much to do: try again later", e);
    }
  }

  /** Ends what is being done, and writes everything to the disk. */
  @Override
  public void close() {
    ticker.shutdownNow();
    executor.shutdown();
    try {
      if (!executor.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        log.atWarn().addKeyValue("event", "chain_stops_slowly").log("");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    chain.close();
  }
}
