package org.cocoon.router.settlement;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.TestPostgres;

/** A ledger that settles on a chain, round by round, in a test's own thread. */
final class TestBooks implements AutoCloseable {
  private static final int MOST_ROUNDS = 400;

  final DatabaseUrl database;
  final Chain chain;
  final SettlementOptions options;
  final SettlementTerms terms;
  final ReceiptKey router = TestDevnet.key(900);
  final ReceiptKey operatorKey = TestDevnet.key(901);
  final Wallet operator = Wallet.of(operatorKey, TestDevnet.NETWORK);
  final SettlementMetrics metrics = new SettlementMetrics(new SimpleMeterRegistry());
  final Transactions pool;
  final Death death = new Death();
  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  final Settlement settlement;
  private Transactions session;
  private Settler settler;

  TestBooks(DatabaseUrl database, Chain chain, SettlementOptions options) throws Exception {
    this.database = database;
    this.chain = chain;
    this.options = options;
    this.terms = options.terms(operator.address(), router.publicKey());
    this.pool = Transactions.pool(database, 4);
    SettlementProcess.open(options, chain, database, operatorKey, router, new SimpleMeterRegistry())
        .close();
    TestPostgres.execute(
        database, "SELECT payee('\\x" + hex(operator.address()) + "', 'operator')");
    this.settlement = new ChainSettlement(context, terms, options.epoch(), pool, () -> {});
    this.session = lock();
    this.settler = settler();
  }

  static SettlementOptions options(TonAddress registry) {
    return SettlementOptions.of(TestDevnet.NETWORK, registry)
        .withMoney(50, NanoTon.ofTon(1))
        .withTimes(
            Duration.ofHours(10), Duration.ofSeconds(1), Duration.ofHours(1), Duration.ofMillis(20))
        .withWorth(new NanoTon(1), new NanoTon(1), new NanoTon(1));
  }

  static String hex(TonAddress address) {
    return java.util.HexFormat.of().formatHex(address.hash());
  }

  /** The lock of who died a moment ago may be held for a moment yet. */
  private Transactions lock() throws SQLException {
    for (int i = 0; i < 200; i++) {
      Transactions locked = Transactions.settler(database);
      if (locked != null) {
        return locked;
      }
      LockSupport.parkNanos(10_000_000);
    }
    throw new AssertionError("somebody else settles");
  }

  private Settler settler() {
    Chain mortal = new Death.MortalChain(chain, death);
    return new Settler(
        mortal,
        options,
        terms,
        new Death.MortalTransactions(session, death),
        router,
        operator,
        metrics);
  }

  /** Lets another process settle. */
  void release() {
    session.close();
  }

  /** As after a kill -9: nothing is remembered but the database. */
  void restart() throws SQLException {
    session.close();
    session = lock();
    settler = settler();
  }

  /** One round. */
  void round() throws ChainException, SQLException {
    settler.round();
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  /** Rounds until something holds. */
  void until(String what, Condition condition) throws Exception {
    for (int i = 0; i < MOST_ROUNDS; i++) {
      if (condition.holds()) {
        return;
      }
      round();
      TimeUnit.MILLISECONDS.sleep(5);
    }
    throw new AssertionError("not within " + MOST_ROUNDS + " rounds: " + what);
  }

  long number(String sql) throws SQLException {
    return TestPostgres.number(database, sql);
  }

  boolean contractIs(SettlementContract.Status status) throws SQLException {
    return number("SELECT status FROM settlement_books") == status.code();
  }

  Account account(String name) throws SQLException {
    long id =
        number(
            "INSERT INTO accounts (name) VALUES ('"
                + name
                + "') ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id");
    return new Account(id, name);
  }

  long balance(Account account) throws SQLException {
    return number("SELECT balance_nanoton FROM accounts WHERE id = " + account.id());
  }

  /** A request of an account that a worker answered. */
  void use(Account account, long cost, TonAddress payee) throws SQLException {
    TestPostgres.execute(
        database,
        """
        SELECT lease_credit('test', %d, %d);
        SELECT payee('\\x%s', 'worker');
        INSERT INTO usage (request_id, account_id, router_id, model, prompt_tokens,
            completion_tokens, cost_nanoton, worker, receipt, charged_at, payee_index, fee_nanoton)
          SELECT gen_random_uuid(), %d, 'test', 'm', 1, 1, %d, 'w', '\\x01', now(), p.index,
                 %d::bigint * %d / 1000
          FROM payees p WHERE p.address = '\\x%s'
        """
            .formatted(
                account.id(),
                cost,
                hex(payee),
                account.id(),
                cost,
                cost,
                options.feePermille(),
                hex(payee)));
  }

  long earned(TonAddress payee) throws SQLException {
    return number(
        "SELECT coalesce(sum(earned_nanoton), 0) FROM payees WHERE address = '\\x"
            + hex(payee)
            + "'");
  }

  long seconds() throws ChainException {
    return chain.account(terms.address()).seconds();
  }

  TonAddress channel(Wallet owner, ReceiptKey voucherKey) {
    return terms.channel(owner.address(), voucherKey.publicKey());
  }

  Voucher voucher(Wallet owner, ReceiptKey key, long ceiling) throws ChainException {
    return Voucher.sign(
        key,
        terms.networkId(),
        channel(owner, key),
        new NanoTon(ceiling),
        seconds() + Duration.ofDays(100).toSeconds());
  }

  ChannelOutcome open(Account account, Wallet owner, ReceiptKey key, long ceiling)
      throws Exception {
    Voucher first = voucher(owner, key, ceiling);
    return call(() -> settlement.openChannel(account, owner.address(), key.publicKey(), first));
  }

  void deposit(TestDevnet devnet, Wallet owner, ReceiptKey key, long amount) throws ChainException {
    ChannelContract.Terms channel =
        SettlementContract.channelTerms(terms.contract(), owner.address(), key.publicKey());
    devnet.send(
        owner,
        Outgoing.deploying(
            ChannelContract.stateInit(channel),
            SettlementTerms.FEES.deposit(new NanoTon(amount)),
            ChannelContract.deposit(7, new NanoTon(amount))));
  }

  /** Calls something on the event loop. */
  <T> T call(Supplier<Future<T>> work) throws Exception {
    Promise<T> promise = Promise.promise();
    context.runOnContext(_ -> work.get().onComplete(promise));
    return promise.future().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    session.close();
    pool.close();
    vertx.close().await();
  }
}
