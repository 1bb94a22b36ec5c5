package org.cocoon.router.settlement;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ContractCode;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.link.wire.Earnings;
import org.cocoon.router.ledger.DatabaseUrl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A router's settlement, from its start to its end: a virtual thread that settles, while it holds
 * the ledger's lock, and what clients may ask for.
 *
 * <pre>
 *   standby    another router holds the lock            asks for it again
 *   settling   this one holds it                        one round after the other
 *   settling   the database or the chain is away        waits longer and longer, up to a minute
 * </pre>
 */
public final class SettlementProcess implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SettlementProcess.class);
  private static final int CONNECTIONS = 4;
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final Duration LOCK_PAUSE = Duration.ofSeconds(5);
  private static final Duration STOP = Duration.ofSeconds(10);

  private final SettlementOptions options;
  private final SettlementTerms terms;
  private final DatabaseUrl database;
  private final Transactions transactions;
  private final @Nullable Chain chain;
  private final @Nullable Wallet wallet;
  private final ReceiptKey key;
  private final SettlementMetrics metrics;
  private final EarningsBoard board;
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean closed;
  private @Nullable Thread thread;

  private SettlementProcess(
      SettlementOptions options,
      SettlementTerms terms,
      DatabaseUrl database,
      Transactions transactions,
      @Nullable Chain chain,
      @Nullable Wallet wallet,
      ReceiptKey key,
      MeterRegistry metrics) {
    this.options = options;
    this.terms = terms;
    this.database = database;
    this.transactions = transactions;
    this.chain = chain;
    this.wallet = wallet;
    this.key = key;
    this.metrics = new SettlementMetrics(metrics);
    this.board = new EarningsBoard(terms, transactions);
  }

  /**
   * Opens a settlement that this router settles itself; blocks. The database must be migrated.
   *
   * @param operator whose wallet stakes and pays for gas
   * @param key of the router: signs charges, releases and commitments
   * @throws SettlementException with a sentence for the operator, if the registry or the settlement
   *     contract is not what this version knows, if the ledger settles elsewhere, or if the chain
   *     knows more than the ledger
   */
  public static SettlementProcess open(
      SettlementOptions options,
      Chain chain,
      DatabaseUrl database,
      ReceiptKey operator,
      ReceiptKey key,
      MeterRegistry metrics)
      throws SettlementException {
    Wallet wallet = Wallet.of(operator, options.networkId());
    SettlementTerms terms = options.terms(wallet.address(), key.publicKey());
    Transactions transactions = Transactions.pool(database, CONNECTIONS);
    boolean open = false;
    try {
      requireCode(chain, options.registry(), ContractCode.REGISTRY.hash(), "--registry", true);
      requireCode(
          chain, terms.address(), ContractCode.SETTLEMENT.hash(), "the settlement contract", false);
      open(transactions, terms);
      requireKnown(transactions, terms, SettlementContract.read(chain, terms.address()));
      open = true;
      log.info("event=settlement_opened terms=\"{}\" wallet={}", terms, wallet.address());
      return new SettlementProcess(
          options, terms, database, transactions, chain, wallet, key, metrics);
    } catch (ChainException e) {
      throw new SettlementException("the chain cannot be asked: " + e.getMessage(), e);
    } catch (SQLException e) {
      throw new SettlementException("the ledger's database cannot be used: " + e.getMessage(), e);
    } finally {
      if (!open) {
        transactions.close();
      }
    }
  }

  /**
   * Joins a settlement that another router of the same ledger settles; empty if none does. Blocks.
   *
   * @param options only its times count
   */
  public static Optional<SettlementProcess> join(
      SettlementOptions options, DatabaseUrl database, ReceiptKey key, MeterRegistry metrics)
      throws SettlementException {
    Transactions transactions = Transactions.pool(database, CONNECTIONS);
    try {
      Optional<SettlementTerms> terms = transactions.run(ChainStore::read);
      if (terms.isEmpty()) {
        transactions.close();
        return Optional.empty();
      }
      return Optional.of(
          new SettlementProcess(
              options, terms.get(), database, transactions, null, null, key, metrics));
    } catch (SQLException e) {
      transactions.close();
      throw new SettlementException("the ledger's database cannot be used: " + e.getMessage(), e);
    }
  }

  private static void open(Transactions transactions, SettlementTerms terms)
      throws SQLException, SettlementException {
    SettlementException refused =
        transactions.run(
            connection -> {
              try {
                new ChainStore(terms).open(connection);
                return null;
              } catch (SettlementException e) {
                return e;
              }
            });
    if (refused != null) {
      throw refused;
    }
  }

  private static void requireCode(
      Chain chain, TonAddress address, byte[] hash, String what, boolean mustExist)
      throws ChainException, SettlementException {
    AccountState account = chain.account(address);
    if (account.code().isEmpty()) {
      if (mustExist) {
        throw new SettlementException(
            "%s %s has no contract on network %d: is it the right address and network?"
                .formatted(what, address, chain.networkId()));
      }
      return;
    }
    if (!Arrays.equals(account.code().get().hash(), hash)) {
      throw new SettlementException(
          "%s %s has other code than this version of the router knows: use the version that it was"
                  .formatted(what, address)
              + " deployed with");
    }
  }

  /** The chain may not know of epochs that the ledger did not sign. */
  private static void requireKnown(
      Transactions transactions, SettlementTerms terms, Optional<SettlementContract.State> contract)
      throws SQLException, SettlementException {
    if (contract.isEmpty() || contract.get().epoch() == 0) {
      return;
    }
    long epoch = contract.get().epoch();
    Optional<Commitment> stored =
        transactions.run(connection -> new EpochStore(terms).of(connection, epoch));
    if (stored.isEmpty() || !Arrays.equals(stored.get().hash(), contract.get().statementHash())) {
      throw new SettlementException(EpochStore.foreign(epoch, stored.isPresent()));
    }
    Optional<String> halted = transactions.run(ChainStore::halted);
    if (halted.isPresent()) {
      log.error("event=settlement_halted reason=\"{}\"", halted.get());
    }
  }

  /** Where it settles. */
  public SettlementTerms terms() {
    return terms;
  }

  /** What clients and payees can ask for, on an event loop. */
  public Settlement settlement(Context context) {
    return new ChainSettlement(context, terms, options.epoch(), transactions, wake::release);
  }

  /**
   * What payees are to be told of their earnings; those that have none are missing. Blocks, one
   * thread.
   *
   * @param payouts raw addresses
   * @throws SettlementException if the ledger's database cannot be asked now
   */
  public Map<String, Earnings> earnings(Collection<String> payouts) throws SettlementException {
    try {
      return board.of(payouts);
    } catch (SQLException e) {
      throw new SettlementException("the ledger's database cannot be asked: " + e.getMessage(), e);
    }
  }

  /** Starts to settle, where it is this router's to do. */
  public void start() {
    if (chain != null) {
      thread = Thread.ofVirtual().name("settlement").start(this::run);
    }
  }

  private void run() {
    while (!closed) {
      try (Transactions session = Transactions.settler(database)) {
        if (session == null) {
          pause(LOCK_PAUSE.toNanos());
          continue;
        }
        log.info("event=settling contract={}", terms.address());
        settle(session);
      } catch (SQLException e) {
        log.warn("event=settlement_database_away detail=\"{}\"", e.getMessage());
        pause(TimeUnit.SECONDS.toNanos(1));
      }
    }
  }

  /** Rounds until the database connection is lost. */
  private void settle(Transactions session) throws SQLException {
    Chain network = Objects.requireNonNull(chain);
    Settler settler =
        new Settler(network, options, terms, session, key, Objects.requireNonNull(wallet), metrics);
    long failures = 0;
    while (!closed) {
      try {
        settler.round();
        metrics.lastRoundMillis.set(System.currentTimeMillis());
        if (failures > 0) {
          log.info("event=chain_back after_failures={}", failures);
        }
        failures = 0;
        pause(options.poll().toNanos());
      } catch (ChainException e) {
        failures++;
        metrics.failed(e.kind().name());
        if (failures == 1 || e.kind() == ChainException.Kind.INCONSISTENT) {
          log.warn(
              "event=chain_failed kind={} failures={} detail=\"{}\"",
              e.kind(),
              failures,
              e.getMessage());
        }
        long pause = options.poll().toNanos() << Math.min(failures, 5);
        pause(Math.min(pause, LONGEST_PAUSE_NANOS));
      }
    }
  }

  /** Waits, unless somebody has something for this thread. */
  private void pause(long nanos) {
    try {
      if (wake.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
        wake.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops: what is on its way goes on without this router. Blocks for some seconds at most. */
  @Override
  public void close() {
    closed = true;
    wake.release();
    Thread running = thread;
    if (running != null) {
      try {
        if (!running.join(STOP)) {
          log.warn("event=settlement_stops_late");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    transactions.close();
  }
}
