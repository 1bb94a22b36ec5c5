package org.cocoon.router.ledger;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.cocoon.router.ledger.Ledger.Usage;

/** A ledger on an event loop of its own, called from a test's thread. */
final class TestRouter implements AutoCloseable {
  static final ReceiptKey KEY = ReceiptKey.ofSeed(new byte[32]);
  private static final long TIMEOUT_SECONDS = 60;

  final MeterRegistry metrics = new SimpleMeterRegistry();
  final AtomicLong nanos = new AtomicLong();
  final PostgresLedger ledger;
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Context context = vertx.getOrCreateContext();

  TestRouter(LedgerOptions options) throws Exception {
    try {
      this.ledger =
          await(
              PostgresLedger.open(
                  context, options, _ -> KEY, metrics, InstantSource.system(), nanos::get));
    } catch (Exception e) {
      await(vertx.close());
      throw e;
    }
  }

  /** Runs on the event loop and waits for the future's result. */
  <T> T call(Supplier<Future<T>> work) throws Exception {
    return await(submit(work));
  }

  /** Runs on the event loop. */
  <T> Future<T> submit(Supplier<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(_ -> Future.<T>future(p -> work.get().onComplete(p)).onComplete(promise));
    return promise.future();
  }

  <T> T with(Function<PostgresLedger, Future<T>> work) throws Exception {
    return call(() -> work.apply(ledger));
  }

  Account fundedAccount(String name, long nanoton) throws Exception {
    Account account = with(l -> l.accounts().open(name));
    with(l -> l.accounts().deposit(account, "deposit to " + name, new NanoTon(nanoton)));
    return account;
  }

  Hold hold(Account account, long nanoton) throws Exception {
    HoldOutcome outcome = with(l -> l.hold(account, UUID.randomUUID(), new NanoTon(nanoton)));
    if (outcome instanceof HoldOutcome.Held held) {
      return held.hold();
    }
    throw new AssertionError("expected a hold, not " + outcome);
  }

  static Usage usage(long cost) {
    Price price = Price.perMillion(1_000_000_000_000L);
    return new Usage("smollm2", UsedTokens.of(10, 20), price, 1000, new NanoTon(cost), "w-1", "");
  }

  /** Holds and charges, for each of the costs, all at once; the receipts in the same order. */
  Future<List<Receipt>> chargeAll(Account account, List<Long> costs) {
    return submit(
        () -> {
          List<Future<Receipt>> charges = new ArrayList<>();
          for (long cost : costs) {
            charges.add(
                ledger
                    .hold(account, UUID.randomUUID(), new NanoTon(cost))
                    .compose(
                        outcome ->
                            outcome instanceof HoldOutcome.Held held
                                ? ledger.charge(held.hold(), usage(cost))
                                : Future.failedFuture("expected a hold, not " + outcome)));
          }
          return Future.join(charges).map(all -> all.<Receipt>list());
        });
  }

  /** Ends as a kill -9 does: nothing is given back, connections just break. */
  void crash() throws Exception {
    await(vertx.close());
  }

  @Override
  public void close() {
    try {
      with(PostgresLedger::close);
      crash();
    } catch (Exception e) {
      throw new AssertionError("the ledger does not close", e);
    }
  }

  static <T> T await(Future<T> future) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    future.onSuccess(done::complete).onFailure(done::completeExceptionally);
    try {
      return done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new AssertionError("no answer within " + TIMEOUT_SECONDS + " s", e);
    }
  }
}
