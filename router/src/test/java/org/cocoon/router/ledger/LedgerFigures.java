package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.HoldOutcome;

/**
 * Measures charges at some concurrencies, with fsync on: how many a second become durable in the
 * spool, how many are applied in PostgreSQL too, and the latency from the call to durable; and the
 * CPU time of one charge, which other load on the machine changes little. Arguments: a folder for
 * PostgreSQL, seconds for each figure (default 5).
 */
final class LedgerFigures {
  private static final int MOST_SAMPLES = 2_000_000;

  private final TestRouter router;
  private final ProcessHandle postgres;
  private final Account account;
  private final long[] latencies = new long[MOST_SAMPLES];
  private int samples;

  private LedgerFigures(TestRouter router, ProcessHandle postgres) throws Exception {
    this.router = router;
    this.postgres = postgres;
    this.account = router.fundedAccount("figures", 1_000_000L * NanoTon.PER_TON);
  }

  public static void main(String[] arguments) throws Exception {
    long seconds = arguments.length > 1 ? Long.parseLong(arguments[1]) : 5;
    long start = System.nanoTime();
    try (LocalPostgres postgres = LocalPostgres.start(Path.of(arguments[0]), 0)) {
      System.out.printf("PostgreSQL started in %d ms%n", millisSince(start));
      start = System.nanoTime();
      String routerId = "figures " + UUID.randomUUID();
      try (TestRouter router =
          new TestRouter(
              LedgerOptions.of(
                  postgres.url(), routerId, Path.of(arguments[0], "spool-" + UUID.randomUUID())))) {
        System.out.printf("ledger opened in %d ms%n", millisSince(start));
        LedgerFigures figures = new LedgerFigures(router, postgres.process());
        figures.measure(64, 2);
        System.out.println(
            "concurrency  durable/s  applied/s  p50 ms  p99 ms   max ms"
                + "  router us  database us");
        for (int concurrency : new int[] {1, 8, 64, 1_000, 20_000}) {
          long begun = System.nanoTime();
          long routerCpu = figures.routerCpuNanos();
          long databaseCpu = figures.databaseCpuNanos();
          int count = figures.measure(concurrency, seconds);
          long durable = millisSince(begun);
          do {
            router.catchUp();
          } while (router.metrics.get("ledger.spooled").gauge().value() > 0);
          System.out.printf(
              "%11d  %9d  %9d  %6.2f  %6.2f  %7.2f  %9.1f  %11.1f%n",
              concurrency,
              count * 1_000L / durable,
              count * 1_000L / millisSince(begun),
              figures.percentileMillis(0.50),
              figures.percentileMillis(0.99),
              figures.percentileMillis(1),
              (figures.routerCpuNanos() - routerCpu) / 1e3 / count,
              (figures.databaseCpuNanos() - databaseCpu) / 1e3 / count);
        }
      }
      start = System.nanoTime();
    }
    System.out.printf("PostgreSQL stopped in %d ms%n", millisSince(start));
  }

  private int measure(int concurrency, long seconds) throws Exception {
    samples = 0;
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    router.call(
        () -> {
          Future<?>[] loops = new Future<?>[concurrency];
          for (int i = 0; i < concurrency; i++) {
            Promise<Void> done = Promise.promise();
            chargeUntil(until, done);
            loops[i] = done.future();
          }
          return Future.join(Arrays.asList(loops));
        });
    Arrays.sort(latencies, 0, samples);
    return samples;
  }

  private void chargeUntil(long until, Promise<Void> done) {
    if (System.nanoTime() >= until) {
      done.complete();
      return;
    }
    router
        .ledger
        .hold(account, UUID.randomUUID(), new NanoTon(2_000))
        .compose(
            outcome -> {
              long start = System.nanoTime();
              return router
                  .ledger
                  .charge(((HoldOutcome.Held) outcome).hold(), TestRouter.usage(1_500))
                  .onSuccess(_ -> latencies[samples++] = System.nanoTime() - start);
            })
        .onSuccess(_ -> chargeUntil(until, done))
        .onFailure(done::fail);
  }

  private long routerCpuNanos() {
    return cpuNanos(ProcessHandle.current());
  }

  /** Of the server and all its processes that live. */
  private long databaseCpuNanos() {
    return cpuNanos(postgres) + postgres.descendants().mapToLong(LedgerFigures::cpuNanos).sum();
  }

  private static long cpuNanos(ProcessHandle process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
  }

  private double percentileMillis(double quantile) {
    int index = (int) Math.ceil(samples * quantile) - 1;
    return latencies[Math.max(0, index)] / 1e6;
  }

  private static long millisSince(long startNanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }
}
