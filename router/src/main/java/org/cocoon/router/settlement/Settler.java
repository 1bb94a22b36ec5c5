package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One round of settling after the other. What is to be done follows from the books alone, so it
 * does not matter where the process died:
 *
 * <pre>
 *   follow the chain; give and take back credit; sign releases
 *   halted, or a message is on its way                      nothing else
 *   the contract has no stake yet                           stake, which deploys it
 *   the newest epoch is not on the chain                    post it, again if need be
 *   claims are due: an epoch is, or a channel's time ends   claim
 *   an epoch is due, and nothing claimed is in flight       cut it, sign it, store it
 *   leaves are worth a payout                               pay
 *   claims left enough in the contract                      sweep
 * </pre>
 *
 * <p>One thread; blocks.
 */
final class Settler {
  private static final Logger log = LoggerFactory.getLogger(Settler.class);
  private static final FeeSchedule FEES = SettlementTerms.FEES;
  private static final int CLAIMS_AT_ONCE = 64;
  private static final int PAYOUTS_AT_ONCE = 8;

  /** A claim that is not seen to arrive for so long is counted as lost, and the epoch goes on. */
  private static final long FLIGHT_SECONDS = 300;

  private static final long FIRST_PAUSE_SECONDS = 15;
  private static final int MOST_DOUBLINGS = 8;

  private final Chain chain;
  private final SettlementOptions options;
  private final SettlementTerms terms;
  private final Transactions transactions;
  private final ReceiptKey key;
  private final Outbox outbox;
  private final ChainFollower follower;
  private final ChainStore store;
  private final ChannelStore channels;
  private final EpochStore epochs;
  private final SettlementMetrics metrics;
  private long lastQueryId;
  private boolean saidHalted;
  private long sweptAt;

  Settler(
      Chain chain,
      SettlementOptions options,
      SettlementTerms terms,
      Transactions transactions,
      ReceiptKey key,
      Wallet wallet,
      SettlementMetrics metrics) {
    this.chain = chain;
    this.options = options;
    this.terms = terms;
    this.transactions = transactions;
    this.key = key;
    this.outbox = new Outbox(chain, wallet, transactions, options.validity().toSeconds(), metrics);
    this.follower = new ChainFollower(chain, terms, transactions, metrics);
    this.store = new ChainStore(terms);
    this.channels = new ChannelStore(terms);
    this.epochs = new EpochStore(terms);
    this.metrics = metrics;
  }

  /** One round; returns whether something was sent, so that the next one should come soon. */
  boolean round() throws ChainException, SQLException {
    follower.follow();
    long now = transactions.run(ChainStore::nowSeconds);
    reconcile(now);
    if (isHalted() || !outbox.isFree()) {
      return false;
    }
    ContractBooks books = transactions.run(store::books);
    metrics.epoch.set(books.epoch());
    return switch (books.status()) {
      case NEW -> stake(books, now);
      case ACTIVE, RETIRING -> settle(books, now);
      case SLASHED, RELEASED -> payOut(books, now); // payees can still be paid
    };
  }

  private boolean settle(ContractBooks books, long now) throws ChainException, SQLException {
    Optional<Commitment> newest = transactions.run(epochs::newest);
    if (newest.isPresent() && newest.get().epoch() > books.epoch()) {
      return post(newest.get(), now);
    }
    boolean due =
        now >= books.committedAt() + options.epoch().toSeconds()
            && transactions.run(epochs::growth) >= options.minCommit().nanos();
    List<Channel> claims = claims(now, due);
    if (!claims.isEmpty()) {
      return claim(claims, books.epoch() + 1, now);
    }
    if (due && arrived(now) && agrees(books)) {
      Optional<Commitment> commitment = cut(now);
      if (commitment.isPresent()) {
        return post(commitment.get(), now);
      }
    }
    return payOut(books, now) || sweep(books, now);
  }

  // ------------------------------------------------------------------ credit and releases

  private void reconcile(long now) throws SQLException {
    for (Channel channel : transactions.run(channels::all)) {
      if (channel.target(now, terms.voucherMarginSeconds()) == channel.given()) {
        continue; // nearly all of them, nearly always
      }
      transactions.run(
          connection -> {
            Channel locked = channels.ofAccount(connection, channel.accountId()).orElseThrow();
            channels.reconcile(connection, locked, now);
            return true;
          });
    }
    for (long account : transactions.run(ReleaseStore::claiming)) {
      release(account, now);
    }
    for (long account : transactions.run(c -> ReleaseStore.overdue(c, now))) {
      transactions.run(
          connection -> {
            ReleaseStore.expire(connection, account);
            return true;
          });
    }
  }

  private void release(long account, long now) throws SQLException {
    transactions.run(
        connection -> {
          Channel channel = channels.ofAccount(connection, account).orElseThrow();
          Optional<ReleaseStore.Row> row = ReleaseStore.current(connection, channel);
          if (row.isEmpty() || !row.get().state().equals("claiming")) {
            return false;
          }
          ChannelCredit credit = channel.credit(channels.funds(connection, channel));
          ChannelBooks books = channel.books();
          boolean closes = row.get().closes();
          if (closes && !isSettled(credit, now)) {
            return false;
          }
          long withdrawn = closes ? books.deposited() - books.claimed() : channel.released();
          Release release =
              Release.sign(
                  key,
                  terms.networkId(),
                  channel.address(),
                  new NanoTon(books.claimed()),
                  new NanoTon(withdrawn),
                  closes,
                  now + options.release().toSeconds());
          ReleaseStore.sign(
              connection, row.get(), release, closes ? books.locked() : row.get().amount());
          log.info(
              "event=release_signed account={} channel={} closes={} withdrawn_nanoton={}",
              account,
              channel.address(),
              closes,
              withdrawn);
          return true;
        });
  }

  /** Whether all that the channel owes is claimed, or not worth it. */
  private boolean isSettled(ChannelCredit credit, long now) {
    boolean used = credit.account().credit() == credit.books().claimed();
    return used || (credit.account().leased() == 0 && !options.claims().claims(credit, now, false));
  }

  // ------------------------------------------------------------------ what is sent

  private boolean stake(ContractBooks books, long now) throws ChainException, SQLException {
    if (books.stake() > 0 || !mayTry("stake", now)) {
      return false; // less than the least: the operator has to see to it
    }
    NanoTon stake = options.stake();
    return outbox.send(
        "stake",
        List.of(
            Outgoing.deploying(
                SettlementContract.stateInit(terms.contract()),
                FEES.stake(stake),
                SettlementContract.stake(queryId(), stake))),
        (connection, id) -> {});
  }

  private boolean post(Commitment commitment, long now) throws ChainException, SQLException {
    String purpose = "epoch " + commitment.epoch();
    return mayTry(purpose, now)
        && outbox.send(
            purpose,
            List.of(
                Outgoing.to(
                    terms.address(),
                    FEES.settlementRest(),
                    SettlementContract.commit(queryId(), commitment))),
            (connection, id) -> {});
  }

  /** Channels to claim now. */
  private List<Channel> claims(long now, boolean withEpoch) throws SQLException {
    ClaimPolicy policy = options.claims();
    List<Channel> chosen = new ArrayList<>();
    for (Channel channel : transactions.run(channels::all)) {
      if (!policy.mayClaim(channel, now, withEpoch)) {
        continue;
      }
      boolean claims =
          transactions.run(
              connection -> {
                Channel locked = channels.ofAccount(connection, channel.accountId()).orElseThrow();
                ChannelCredit credit = locked.credit(channels.funds(connection, locked));
                return policy.claims(credit, now, withEpoch)
                    && !tried(connection, credit, locked, now);
              });
      if (claims && chosen.size() < CLAIMS_AT_ONCE) {
        chosen.add(channel);
      }
    }
    return chosen;
  }

  /** Whether a claim of so much was processed a moment ago, and did nothing: not again so soon. */
  private boolean tried(Connection connection, ChannelCredit credit, Channel channel, long now)
      throws SQLException {
    long pause = Math.max(FIRST_PAUSE_SECONDS, options.epoch().toSeconds());
    return Sql.number(
            connection,
            "SELECT count(*) FROM claims c JOIN outbox o ON o.id = c.outbox_id"
                + " WHERE c.account_id = ? AND c.charged_nanoton >= ? AND o.state = 'done'"
                + " AND o.arrived_at > ?",
            channel.accountId(),
            credit.due(),
            now - pause)
        > 0;
  }

  private boolean claim(List<Channel> chosen, long epoch, long now)
      throws ChainException, SQLException {
    List<Outgoing> outgoing = new ArrayList<>();
    List<Charge> charges = new ArrayList<>();
    for (Channel channel : chosen) {
      long due =
          transactions.run(connection -> channel.credit(channels.funds(connection, channel)).due());
      Charge charge =
          Charge.sign(
              key,
              terms.networkId(),
              channel.address(),
              new NanoTon(Math.min(due, channel.voucher().ceiling().nanos())),
              Math.min(now + options.release().toSeconds(), channel.voucher().expires()));
      charges.add(charge);
      outgoing.add(
          Outgoing.to(
              channel.address(),
              FEES.claim(),
              ChannelContract.claim(queryId(), charge, channel.voucher())));
    }
    return outbox.send(
        "claims of " + chosen.size() + " channels for epoch " + epoch,
        outgoing,
        (connection, id) -> {
          for (int i = 0; i < chosen.size(); i++) {
            Sql.update(
                connection,
                "INSERT INTO claims VALUES (?, ?, ?, ?)",
                chosen.get(i).accountId(),
                charges.get(i).charged(),
                epoch,
                id);
          }
        });
  }

  /** Whether everything that was claimed has arrived, or can no longer be waited for. */
  private boolean arrived(long now) throws SQLException {
    if (transactions.run(epochs::inFlight) == 0) {
      return true;
    }
    long last =
        transactions.run(
            connection ->
                Sql.number(
                    connection,
                    "SELECT coalesce(max(o.arrived_at), 0) FROM outbox o"
                        + " JOIN claims c ON c.outbox_id = o.id"));
    return now > last + FLIGHT_SECONDS;
  }

  /** Whether the contract says of itself what its transactions made of it; otherwise all stops. */
  private boolean agrees(ContractBooks books) throws ChainException, SQLException {
    AccountState before = chain.account(terms.address());
    Optional<SettlementContract.State> state = SettlementContract.read(chain, terms.address());
    AccountState after = chain.account(terms.address());
    long cursor = transactions.run(c -> store.cursor(c, terms.address()).lt());
    if (before.lastLt() != cursor || after.lastLt() != cursor || state.isEmpty()) {
      return false; // something is new: follow first
    }
    SettlementContract.State said = state.get();
    if (said.collected().nanos() == books.collected()
        && said.paid().nanos() == books.paid()
        && said.epoch() == books.epoch()
        && said.stake().nanos() == books.stake()) {
      return true;
    }
    halt(
        "the settlement contract says collected %d, paid %d, epoch %d, stake %d; its transactions"
                .formatted(
                    said.collected().nanos(),
                    said.paid().nanos(),
                    said.epoch(),
                    said.stake().nanos())
            + " make collected %d, paid %d, epoch %d, stake %d"
                .formatted(books.collected(), books.paid(), books.epoch(), books.stake()));
    return false;
  }

  private Optional<Commitment> cut(long now) throws SQLException {
    return transactions.run(
        connection -> {
          Sql.update(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
          return epochs.cut(connection, store.books(connection), key, now);
        });
  }

  private boolean payOut(ContractBooks books, long now) throws ChainException, SQLException {
    if (books.epoch() == 0) {
      return false;
    }
    List<Long> unpaid = transactions.run(c -> epochs.unpaid(c, books.epoch()));
    metrics.unpaid.set(unpaid.stream().mapToLong(Long::longValue).sum());
    List<PayoutPlan.Batch> batches = options.payouts().batches(unpaid);
    String purpose = "payout of epoch " + books.epoch();
    if (batches.isEmpty() || !mayTry(purpose, now)) {
      return false;
    }
    EarningsTree tree = transactions.run(c -> epochs.tree(c, books.epoch()));
    List<Outgoing> outgoing = new ArrayList<>();
    for (PayoutPlan.Batch batch : batches.stream().limit(PAYOUTS_AT_ONCE).toList()) {
      outgoing.add(
          Outgoing.to(
              terms.address(),
              FEES.payout(batch.height()),
              SettlementContract.payout(queryId(), tree, batch.index(), batch.height())));
    }
    return outbox.send(purpose, outgoing, (connection, id) -> {});
  }

  private boolean sweep(ContractBooks books, long now) throws ChainException, SQLException {
    if (now < sweptAt + options.epoch().toSeconds()) {
      return false;
    }
    sweptAt = now;
    long balance = chain.account(terms.address()).balance().nanos();
    long kept = books.stake() + books.collected() - books.paid();
    long above = balance - kept - FEES.settlementReserve().nanos();
    return above >= options.minSweep().nanos()
        && outbox.send(
            "sweep",
            List.of(
                Outgoing.to(
                    terms.address(), FEES.settlementRest(), SettlementContract.sweep(queryId()))),
            (connection, id) -> {});
  }

  // ------------------------------------------------------------------ when to stop

  /** What a contract refused is tried again later and later, so that gas is not burnt in a loop. */
  private boolean mayTry(String purpose, long now) throws SQLException {
    return transactions.run(
        connection ->
            Sql.first(
                    connection,
                    "SELECT count(*), coalesce(max(o.arrived_at), 0) FROM outbox o WHERE"
                        + " o.purpose = ? AND o.state = 'done' AND EXISTS (SELECT 1"
                        + " FROM outbox_effects e WHERE e.outbox_id = o.id"
                        + " AND coalesce(e.result, '') NOT LIKE 'Succeeded%')",
                    row -> {
                      long failures = row.getLong(1);
                      long pause = FIRST_PAUSE_SECONDS << Math.min(failures, MOST_DOUBLINGS);
                      return failures == 0 || now >= row.getLong(2) + pause;
                    },
                    purpose)
                .orElseThrow());
  }

  private boolean isHalted() throws SQLException {
    Optional<String> reason = transactions.run(ChainStore::halted);
    metrics.halted.set(reason.isPresent() ? 1 : 0);
    if (reason.isPresent() && !saidHalted) {
      saidHalted = true;
      log.error("event=settlement_halted reason=\"{}\"", reason.get());
    }
    return reason.isPresent();
  }

  private void halt(String reason) throws SQLException {
    transactions.run(
        connection -> {
          ChainStore.halt(connection, reason);
          return true;
        });
  }

  private long queryId() {
    lastQueryId = Math.max(lastQueryId + 1, System.currentTimeMillis());
    return lastQueryId;
  }
}
