package org.cocoon.bench;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;
import org.cocoon.bench.Arrivals.Closed;
import org.cocoon.bench.Arrivals.Open;
import org.cocoon.bench.Failure.Kind;

/**
 * Sends one run's requests and collects what was measured.
 *
 * <p>An open loop is paced by one thread that sleeps until each intended time and hands the request
 * to a lane; no answer, however late, delays the next request. In a closed loop each lane asks
 * again when an answer ended.
 */
final class LoadGenerator {
  private static final int END_SECONDS = 10;

  private final Run run;
  private final LongSupplier nanoClock;
  private final Counters counters = new Counters();
  private final AtomicLong nextIndex = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private final CountDownLatch allEnded = new CountDownLatch(1);
  private volatile boolean stopped;
  private volatile Thread pacer = Thread.currentThread();

  LoadGenerator(Run run, LongSupplier nanoClock) {
    this.run = run;
    this.nanoClock = nanoClock;
  }

  /** Progress, for people who watch. */
  Counters counters() {
    return counters;
  }

  /** Ends the run now; {@link #run()} returns what was measured so far. Any thread. */
  void stop() {
    stopped = true;
    allEnded.countDown();
    LockSupport.unpark(pacer);
  }

  /**
   * Runs to the end, or until stopped. Blocks the calling thread; once only.
   *
   * @throws InterruptedException if interrupted while it waits
   */
  RunResult run() throws InterruptedException {
    int loops =
        run.arrivals() instanceof Closed closed
            ? Math.min(run.loops(), closed.concurrency())
            : run.loops();
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops));
    try {
      List<Lane> lanes = deploy(vertx, loops);
      try (OwnCost watch = new OwnCost(lanes.stream().map(Lane::threadId).toList())) {
        send(lanes);
        allEnded.await();
        OwnCost.Cost cost = watch.cost();
        return collect(lanes, cost);
      }
    } finally {
      await(vertx.close());
    }
  }

  private List<Lane> deploy(Vertx vertx, int loops) throws InterruptedException {
    List<Lane> lanes = new ArrayList<>();
    for (int i = 0; i < loops; i++) {
      int pool =
          run.arrivals() instanceof Closed closed
              ? share(closed.concurrency(), loops, i)
              : run.maxInFlight();
      Lane lane = new Lane(run, pool, nanoClock, counters, this::onFinished);
      await(vertx.deployVerticle(lane));
      lanes.add(lane);
    }
    return lanes;
  }

  private static int share(int whole, int parts, int part) {
    return whole / parts + (part < whole % parts ? 1 : 0);
  }

  private void send(List<Lane> lanes) {
    long start = nanoClock.getAsLong();
    for (Lane lane : lanes) {
      lane.execute(() -> lane.begin(start));
    }
    switch (run.arrivals()) {
      case Closed closed -> {
        for (int i = 0; i < lanes.size(); i++) {
          Lane lane = lanes.get(i);
          int slots = share(closed.concurrency(), lanes.size(), i);
          for (int slot = 0; slot < slots; slot++) {
            lane.execute(() -> sendNext(lane, start));
          }
        }
      }
      case Open open -> pace(lanes, open, start);
    }
  }

  private void pace(List<Lane> lanes, Open open, long start) {
    pacer = Thread.currentThread();
    LongSupplier offsets = open.offsets(run.seed());
    for (long index = 0; index < run.requests(); index++) {
      long intended = start + offsets.getAsLong();
      for (long left = intended - nanoClock.getAsLong();
          left > 0 && !stopped;
          left = intended - nanoClock.getAsLong()) {
        LockSupport.parkNanos(left);
      }
      if (stopped) {
        return;
      }
      Lane lane = lanes.get((int) (index % lanes.size()));
      long number = index;
      if (index - ended.get() >= run.maxInFlight()) {
        Failure why = new Failure(Kind.GENERATOR, "max-in-flight reached");
        lane.execute(() -> lane.refuse(number, intended, why));
      } else {
        lane.execute(() -> lane.dispatch(number, intended));
      }
    }
  }

  private void sendNext(Lane lane, long intended) {
    long index = nextIndex.getAndIncrement();
    if (index < run.requests() && !stopped) {
      lane.dispatch(index, intended);
    }
  }

  /** On the lane's loop. */
  private void onFinished(Lane lane) {
    if (ended.incrementAndGet() == run.requests()) {
      allEnded.countDown();
    } else if (run.arrivals() instanceof Closed) {
      // A turn later, so that the connection is back in the pool.
      long freed = nanoClock.getAsLong();
      lane.execute(() -> sendNext(lane, freed));
    }
  }

  private RunResult collect(List<Lane> lanes, OwnCost.Cost cost) throws InterruptedException {
    List<RequestRecord> records = new ArrayList<>();
    Histogram chunkGaps = Distribution.histogram();
    Histogram tokenGaps = Distribution.histogram();
    long abandoned = 0;
    for (Lane lane : lanes) {
      Lane.Tally tally = await(lane.end());
      records.addAll(tally.records());
      chunkGaps.add(tally.chunkGaps());
      tokenGaps.add(tally.tokenGaps());
      abandoned += tally.abandoned();
    }
    records.sort(Comparator.comparingLong(RequestRecord::index));
    return new RunResult(
        records,
        new Distribution(chunkGaps),
        new Distribution(tokenGaps),
        abandoned,
        records.size() < run.requests(),
        cost);
  }

  private static <T> T await(Future<T> future) throws InterruptedException {
    try {
      return future.toCompletionStage().toCompletableFuture().get(END_SECONDS, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException("an event loop does not answer", e);
    }
  }
}
