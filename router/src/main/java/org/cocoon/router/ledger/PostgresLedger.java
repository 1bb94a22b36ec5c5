package org.cocoon.router.ledger;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.link.sealing.MonotonicCounter;
import org.cocoon.router.ledger.Books.Leased;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger in PostgreSQL: holds in memory against leased credit, charges through a local spool.
 *
 * <p>A charge is durable, and its receipt complete, when it lies fsynced in the spool; from there
 * it goes to the database in batches. A request id is in one of:
 *
 * <pre>
 *   pending   asked for, not durable yet
 *   spooled   durable, not applied yet: its receipt is read from the spool
 *   recent    applied lately; here only so that a request id is not charged again
 * </pre>
 *
 * <p>All state belongs to the event loop of the context that it was opened with, and calls from
 * another thread throw IllegalStateException. Metrics: {@code ledger.charge} (from the call to
 * durable), {@code ledger.pending}, {@code ledger.spooled}, {@code ledger.spool.bytes}, {@code
 * ledger.holds}, {@code ledger.batch.size}, {@code ledger.apply.size}, {@code ledger.retries}.
 */
public final class PostgresLedger implements Ledger {
  private static final Logger log = LoggerFactory.getLogger(PostgresLedger.class);
  private static final long PING_MILLIS = 1_000;
  private static final Duration DRAIN = Duration.ofSeconds(5);
  private static final int MAX_RECENT = 65_536;

  private final ContextInternal context;
  private final LedgerOptions options;
  private final Database database;
  private final ApiKeys keys;
  private final Accounts accounts;
  private final AccountBook book;
  private final CreditBook credit;
  private final SpoolWriter writer;
  private final SpoolDrain drain;
  private final InstantSource clock;
  private final LongSupplier nanoClock;
  private final Timer chargeTime;
  private final Map<UUID, PendingCharge> pending = new HashMap<>();
  private final Map<UUID, Spooled> spooled = new HashMap<>();
  private final Map<UUID, Long> recent = new Lru<>(MAX_RECENT);
  private final ArrayDeque<CatchUp> catchUps = new ArrayDeque<>();
  private long applied;
  private long pingTimer;
  private boolean pinging;
  private boolean closing;

  /** Where a durable charge lies in the spool. */
  private record Spooled(long accountId, long position, int index) {}

  /** Somebody waits until the spool is applied up to a position. */
  private record CatchUp(long position, Promise<Void> promise) {}

  private PostgresLedger(
      ContextInternal context,
      LedgerOptions options,
      Database database,
      Opened opened,
      MeterRegistry metrics,
      InstantSource clock,
      LongSupplier nanoClock) {
    this.context = context;
    this.options = options;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.database = database;
    this.drain = opened.drain();
    this.applied = drain.log().end();
    this.keys = new ApiKeys(database, nanoClock, options.keyTtl(), options.unknownKeyTtl());
    this.accounts = new Accounts(database, keys, this::caughtUp);
    this.book = new PostgresAccountBook(database, keys, accounts, this::caughtUp);
    this.credit =
        new CreditBook(
            database,
            context::promise,
            nanoClock,
            options.leaseChunk(),
            options.maxOpen(),
            this::spoolRoom,
            options.leaseIdle());
    this.writer =
        new SpoolWriter(
            drain.log(),
            options,
            opened.key(),
            (position, charges, receipts) ->
                context.runOnContext(_ -> durable(position, charges, receipts)),
            metrics);
    this.chargeTime = Timer.builder("ledger.charge").publishPercentileHistogram().register(metrics);
    Gauge.builder("ledger.pending", pending, Map::size).register(metrics);
    Gauge.builder("ledger.spooled", spooled, Map::size).register(metrics);
    Gauge.builder("ledger.spool.bytes", drain.log(), SpoolLog::bytes).register(metrics);
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
   * Migrates the database, gets the key with its help, applies what the spool still holds, and
   * opens the ledger; gives back what this router had leased before.
   *
   * @param context of the router; all calls come from and all futures complete on its event loop
   * @param keys asked once, on a thread that may block
   * @return fails with {@link LedgerException} if the database cannot be reached or migrated, may
   *     lose commits, if another router runs under the same id, or if the spool and the database do
   *     not fit together; with what {@code keys} throws
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
        context, options, keys, settlements, metrics, InstantSource.system(), System::nanoTime);
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
          Applied outcome = new Applied(root);
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
              .compose(known -> database.operator(known.options.settlement()).map(known))
              .compose(
                  known ->
                      vertx.executeBlocking(
                          () ->
                              new Opened(
                                  known.key,
                                  known.options,
                                  SpoolDrain.open(known.options, outcome, metrics)),
                          false))
              .map(
                  parts ->
                      new PostgresLedger(
                          root, parts.options, database, parts, metrics, clock, nanoClock))
              .onSuccess(ledger -> ledger.start(outcome))
              .recover(failure -> database.close().transform(_ -> failed(asOpening(failure))))
              .onComplete(opened);
        });
    return opened.future();
  }

  /** What is opened on threads that may block. */
  private record Opened(ReceiptKey key, LedgerOptions options, SpoolDrain drain) {}

  /** Brings what the drain has done to the event loop. */
  private static final class Applied implements SpoolDrain.Outcome {
    private final ContextInternal context;
    private @Nullable PostgresLedger ledger;

    private Applied(ContextInternal context) {
      this.context = context;
    }

    @Override
    public void applied(SpoolBatch batch, List<Leased> leases) {
      List<UUID> requests = batch.requests();
      Map<Long, SpoolBatch.Sum> sums = batch.sums();
      context.runOnContext(
          _ -> Objects.requireNonNull(ledger).applied(batch.end(), requests, sums, leases));
    }
  }

  private static Throwable asOpening(Throwable failure) {
    return failure instanceof LedgerException || failure instanceof IOException
        ? failure
        : new LedgerException("the ledger cannot be opened", failure);
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
    Long earlier = chargedTo(hold.requestId());
    if (earlier != null) {
      credit.refused(hold.account().id(), usage.cost());
      return earlier == hold.account().id()
          ? receiptOfEarlierCharge(hold)
          : failed(new LedgerException("another account has used this request id already"));
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
    Spooled entry = spooled.get(requestId);
    if (entry == null) {
      return StoredReceipts.find(database, account, requestId);
    }
    if (entry.accountId() != account.id()) {
      return context.succeededFuture(null);
    }
    return context
        .executeBlocking(() -> readReceipt(entry))
        .compose(
            receipt ->
                receipt != null
                    ? Future.succeededFuture(receipt)
                    : StoredReceipts.find(database, account, requestId));
  }

  /** Null if its part of the spool was dropped meanwhile, because it is applied. */
  private @Nullable Receipt readReceipt(Spooled entry) throws IOException {
    try (SpoolLog.Reader reader = drain.log().reader()) {
      SpoolLog.Found found = reader.read(entry.position());
      return found == null ? null : found.frame().receipt(entry.index());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public boolean available() {
    return database.answering() && drain.answering() && writer.writable();
  }

  /**
   * Waits until pending charges are durable and applied, 5 s at most for each, gives leased credit
   * back and closes the connections. What is not applied then stays in the spool, for the next
   * start.
   */
  public Future<Void> close() {
    checkThread();
    closing = true;
    return Future.fromCompletionStage(writer.close(), context)
        .timeout(DRAIN.toMillis(), TimeUnit.MILLISECONDS)
        .otherwiseEmpty()
        .compose(_ -> Future.fromCompletionStage(drain.close(), context))
        .timeout(DRAIN.toMillis(), TimeUnit.MILLISECONDS)
        .otherwise(false)
        .onSuccess(this::report)
        .compose(_ -> abandon());
  }

  private void report(boolean empty) {
    if (!empty) {
      log.atWarn()
          .addKeyValue("event", "ledger.closed")
          .addKeyValue("pending", pending.size())
          .addKeyValue("spooled", spooled.size())
          .log("closed while the database was away; what is spooled is applied at the next start");
    }
  }

  /** Ends as a kill would: nothing more is written, and nothing given back. */
  Future<Void> abandon() {
    closing = true;
    context.owner().cancelTimer(pingTimer);
    return Future.join(
            Future.fromCompletionStage(drain.abandon(), context),
            Future.fromCompletionStage(writer.close(), context))
        .transform(_ -> database.close());
  }

  private void start(Applied outcome) {
    outcome.ledger = this;
    writer.start();
    drain.start();
    pingTimer = context.owner().setPeriodic(PING_MILLIS, _ -> everySecond());
  }

  private void everySecond() {
    credit.giveBackIdle();
    if (!pinging) {
      pinging = true;
      database.ping().onComplete(_ -> pinging = false);
    }
  }

  /** How many charges the spool still has room for. */
  private long spoolRoom() {
    if (closing || !writer.writable()) {
      return 0;
    }
    long bytes = options.maxSpoolBytes() - drain.log().bytes();
    return Math.min(
        options.maxSpooled() - (long) spooled.size(), bytes / SpoolFrame.MAX_CHARGE_BYTES);
  }

  /** Completes when the database has all that is durable now; after a second at the latest. */
  Future<Void> caughtUp() {
    checkThread();
    long position = drain.log().end();
    if (applied >= position) {
      return context.succeededFuture();
    }
    Promise<Void> promise = context.promise();
    catchUps.add(new CatchUp(position, promise));
    return promise.future().timeout(PING_MILLIS, TimeUnit.MILLISECONDS).otherwiseEmpty();
  }

  private void durable(long position, List<PendingCharge> charges, List<Receipt> receipts) {
    credit.durable(charges.size());
    long now = nanoClock.getAsLong();
    for (int i = 0; i < charges.size(); i++) {
      PendingCharge charge = charges.get(i);
      pending.remove(charge.requestId());
      spooled.put(charge.requestId(), new Spooled(charge.accountId(), position, i));
      chargeTime.record(now - charge.startedNanos(), TimeUnit.NANOSECONDS);
    }
    for (int i = 0; i < charges.size(); i++) {
      charges.get(i).promise().complete(receipts.get(i));
    }
  }

  private void applied(
      long end, List<UUID> requests, Map<Long, SpoolBatch.Sum> sums, List<Leased> leases) {
    for (UUID request : requests) {
      Spooled entry = spooled.remove(request);
      if (entry != null) {
        recent.put(request, entry.accountId());
      }
    }
    for (Leased lease : leases) {
      SpoolBatch.Sum sum = Objects.requireNonNull(sums.get(lease.accountId()));
      credit.applied(lease.accountId(), sum.charges(), sum.cost(), lease.lease(), lease.version());
    }
    applied = end;
    CatchUp first = catchUps.peek();
    while (first != null && first.position() <= end) {
      catchUps.remove().promise().complete();
      first = catchUps.peek();
    }
  }

  /** The account that a request id was charged to lately, or null. */
  private @Nullable Long chargedTo(UUID requestId) {
    Spooled entry = spooled.get(requestId);
    return entry != null ? Long.valueOf(entry.accountId()) : recent.get(requestId);
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
}
