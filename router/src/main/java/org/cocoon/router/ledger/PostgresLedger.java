package org.cocoon.router.ledger;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.link.sealing.MonotonicCounter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger in PostgreSQL: holds in memory against leased credit, charges in batches.
 *
 * <p>All state belongs to the event loop of the context that it was opened with, and calls from
 * another thread throw IllegalStateException. Metrics: {@code ledger.charge} (from the call to
 * durable), {@code ledger.pending}, {@code ledger.holds}, {@code ledger.batch.size}, {@code
 * ledger.retries}.
 */
public final class PostgresLedger implements Ledger {
  private static final Logger log = LoggerFactory.getLogger(PostgresLedger.class);
  private static final long PING_MILLIS = 1_000;
  private static final Duration DRAIN = Duration.ofSeconds(5);

  private final ContextInternal context;
  private final LedgerOptions options;
  private final Database database;
  private final ApiKeys keys;
  private final Accounts accounts;
  private final AccountBook book;
  private final CreditBook credit;
  private final ChargeWriter writer;
  private final InstantSource clock;
  private final LongSupplier nanoClock;
  private final Timer chargeTime;
  private final Map<UUID, PendingCharge> pending = new HashMap<>();
  private long pingTimer;
  private boolean pinging;
  private boolean closing;

  private PostgresLedger(
      ContextInternal context,
      LedgerOptions options,
      Database database,
      ReceiptKey key,
      MeterRegistry metrics,
      InstantSource clock,
      LongSupplier nanoClock) {
    Vertx vertx = context.owner();
    this.context = context;
    this.options = options;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.database = database;
    this.keys = new ApiKeys(database, nanoClock, options.keyTtl(), options.unknownKeyTtl());
    this.accounts = new Accounts(database, keys);
    this.book = new PostgresAccountBook(database, keys, accounts);
    this.credit =
        new CreditBook(
            database,
            context::promise,
            nanoClock,
            options.leaseChunk(),
            options.maxOpen(),
            options.leaseIdle());
    this.writer = new ChargeWriter(vertx, options, key, database, new Settlement(), metrics);
    this.chargeTime = Timer.builder("ledger.charge").publishPercentileHistogram().register(metrics);
    Gauge.builder("ledger.pending", pending, Map::size).register(metrics);
    Gauge.builder("ledger.holds", credit, CreditBook::openHolds).register(metrics);
  }

  /** Where the key comes from that signs receipts. */
  @FunctionalInterface
  public interface KeySource {
    /**
     * Gives the key; may block.
     *
     * @param counter of this router's sealed files, in the ledger's database
     * @throws IOException if there is no key, with a sentence for the operator
     */
    ReceiptKey key(MonotonicCounter counter) throws IOException;
  }

  /**
   * Migrates the database, gets the key with its help, and opens the ledger; gives back what this
   * router had leased before.
   *
   * @param context of the router; all calls come from and all futures complete on its event loop
   * @param keys asked once, on a thread that may block
   * @return fails with {@link LedgerException} if the database cannot be reached or migrated, may
   *     lose commits, or if another router runs under the same id; with what {@code keys} throws
   */
  public static Future<PostgresLedger> open(
      Context context, LedgerOptions options, KeySource keys, MeterRegistry metrics) {
    return open(
        context,
        options,
        keys,
        _ -> options.settlement(),
        metrics,
        InstantSource.system(),
        System::nanoTime);
  }

  /** Where charges settle, for a key: a settlement contract's address follows from it. */
  @FunctionalInterface
  public interface SettlementSource {
    /**
     * Says where; may block. The database is migrated by then.
     *
     * @throws IOException if the router cannot settle as it is told to, with a sentence
     */
    LedgerOptions.@Nullable Settlement settlement(ReceiptKey key) throws IOException;
  }

  /**
   * As the other one, for charges that settle on a chain.
   *
   * @param settlements asked once, after the key, on a thread that may block
   */
  public static Future<PostgresLedger> open(
      Context context,
      LedgerOptions options,
      KeySource keys,
      SettlementSource settlements,
      MeterRegistry metrics) {
    return open(
        context,
        options,
        keys,
        settlements,
        metrics,
        InstantSource.system(),
        System::nanoTime);
  }

  static Future<PostgresLedger> open(
      Context context,
      LedgerOptions options,
      KeySource keys,
      MeterRegistry metrics,
      InstantSource clock,
      LongSupplier nanoClock) {
    return open(context, options, keys, _ -> options.settlement(), metrics, clock, nanoClock);
  }

  /** What the ledger is opened with, when all is known. */
  private record Known(ReceiptKey key, LedgerOptions options) {}

  private static Future<PostgresLedger> open(
      Context context,
      LedgerOptions options,
      KeySource keys,
      SettlementSource settlements,
      MeterRegistry metrics,
      InstantSource clock,
      LongSupplier nanoClock) {
    ContextInternal root = ((ContextInternal) context).unwrap();
    Vertx vertx = root.owner();
    Promise<PostgresLedger> opened = root.promise();
    root.runOnContext(
        _ -> {
          Database database = new Database(vertx, options);
          MonotonicCounter counter =
              new LedgerCounter(root, database, options.routerId(), options.callTimeout());
          Migrations.ensure(vertx, database, options.database())
              .compose(
                  _ ->
                      vertx.executeBlocking(
                          () -> {
                            ReceiptKey key = keys.key(counter);
                            return new Known(
                                key, options.withSettlement(settlements.settlement(key)));
                          },
                          false))
              .recover(failure -> database.close().transform(_ -> failed(failure)))
              .map(
                  known ->
                      new PostgresLedger(
                          root, known.options, database, known.key, metrics, clock, nanoClock))
              .compose(
                  ledger ->
                      ledger
                          .start()
                          .map(ledger)
                          .recover(failure -> ledger.letGo().transform(_ -> failed(failure))))
              .onComplete(opened);
        });
    return opened.future();
  }

  /** What an account's holder may see and do. */
  public AccountBook book() {
    return book;
  }

  /** What an operator does with accounts. */
  public Accounts accounts() {
    return accounts;
  }

  @Override
  public Future<Authentication> authenticate(String apiKey) {
    checkThread();
    return keys.authenticate(apiKey);
  }

  @Override
  public Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount) {
    checkThread();
    if (pending.containsKey(requestId)) {
      return context.failedFuture(new IllegalStateException("charged already: " + requestId));
    }
    if (closing) {
      return context.succeededFuture(new HoldOutcome.Unavailable());
    }
    return credit.hold(account, requestId, amount);
  }

  @Override
  public void release(Hold hold) {
    checkThread();
    credit.release(hold);
  }

  @Override
  public Future<Receipt> charge(Hold hold, Usage usage) {
    checkThread();
    if (usage.cost().compareTo(hold.amount()) > 0) {
      throw new IllegalArgumentException(
          "a charge of " + usage.cost() + " on a hold of " + hold.amount());
    }
    PendingCharge running = pending.get(hold.requestId());
    if (running != null) {
      return running.hold().equals(hold)
          ? running.future()
          : context.failedFuture(new LedgerException("another hold has this request id"));
    }
    if (!credit.beginCharge(hold, usage.cost())) {
      return receiptOfEarlierCharge(hold);
    }
    PendingCharge charge =
        new PendingCharge(hold, usage, clock.millis(), nanoClock.getAsLong(), context.promise());
    pending.put(hold.requestId(), charge);
    writer.submit(charge);
    return charge.future();
  }

  @Override
  public Future<@Nullable Receipt> receipt(Account account, UUID requestId) {
    checkThread();
    return database
        .queryOne(
            "SELECT receipt FROM usage WHERE request_id = $1 AND account_id = $2",
            Tuple.of(requestId, account.id()))
        .map(row -> row == null ? null : Receipt.decode(row.getBuffer(0).getBytes()));
  }

  @Override
  public boolean available() {
    return database.answering();
  }

  /**
   * Waits for pending charges, 5 s at most, gives leased credit back and closes the connections.
   * Charges that are still pending then were never confirmed to anyone.
   */
  public Future<Void> close() {
    checkThread();
    closing = true;
    return writer
        .drain()
        .timeout(DRAIN.toMillis(), TimeUnit.MILLISECONDS)
        .onFailure(
            _ ->
                log.atError()
                    .addKeyValue("event", "ledger.closed")
                    .addKeyValue("pending", pending.size())
                    .log("closed while the database was away; these charges were not confirmed"))
        .compose(_ -> database.giveBackAll())
        .otherwiseEmpty()
        .eventually(this::letGo);
  }

  private Future<Void> start() {
    return writer
        .connect()
        .compose(_ -> database.giveBackAll())
        .compose(_ -> database.operator(options.settlement()))
        .onSuccess(_ -> pingTimer = context.owner().setPeriodic(PING_MILLIS, _ -> everySecond()))
        .recover(
            failure ->
                failed(
                    failure instanceof LedgerException
                        ? failure
                        : new LedgerException("the ledger cannot be opened", failure)));
  }

  private Future<Void> letGo() {
    context.owner().cancelTimer(pingTimer);
    return writer.close().eventually(database::close);
  }

  private void everySecond() {
    credit.giveBackIdle();
    if (!pinging) {
      pinging = true;
      database.ping().onComplete(_ -> pinging = false);
    }
  }

  /** Durable already, or the hold was released: then charging it is a mistake. */
  private Future<Receipt> receiptOfEarlierCharge(Hold hold) {
    return receipt(hold.account(), hold.requestId())
        .compose(
            receipt ->
                receipt != null
                    ? Future.succeededFuture(receipt)
                    : failed(new IllegalStateException("no open hold of " + hold.requestId())));
  }

  private static <T> Future<T> failed(Throwable failure) {
    return Future.failedFuture(failure);
  }

  private void checkThread() {
    if (!context.inThread()) {
      throw new IllegalStateException("the ledger belongs to another event loop");
    }
  }

  /** Books what the writer made durable. */
  private final class Settlement implements ChargeWriter.Outcome {
    @Override
    public void charged(PendingCharge charge, Receipt receipt, long lease, long leaseVersion) {
      credit.charged(charge.accountId(), charge.usage().cost(), lease, leaseVersion);
      pending.remove(charge.requestId());
      chargeTime.record(nanoClock.getAsLong() - charge.startedNanos(), TimeUnit.NANOSECONDS);
      charge.promise().complete(receipt);
    }

    @Override
    public void refused(PendingCharge charge, LedgerException reason) {
      credit.refused(charge.accountId(), charge.usage().cost());
      pending.remove(charge.requestId());
      charge.promise().fail(reason);
    }
  }
}
