package org.cocoon.router.settlement;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChannelContract.Status;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.settlement.ChannelCredit.AccountFunds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settlement by the books in the ledger's database, on whichever router of it a client asks. Each
 * call is one database transaction on a virtual thread.
 */
final class ChainSettlement implements Settlement {
  private static final Logger log = LoggerFactory.getLogger(ChainSettlement.class);
  private static final int MAX_CALLS = 4_096;
  private static final int MAX_REFERENCE = 64;
  private static final int MAX_PAYMENTS = 200;
  private static final Duration SIGNING = Duration.ofSeconds(3);
  private static final long LOOK_MILLIS = 50;

  private final ContextInternal context;
  private final SettlementTerms terms;
  private final long epochSeconds;
  private final Transactions transactions;
  private final ChannelStore channels;
  private final ChainStore store;
  private final EpochStore epochs;
  private final Runnable wake;
  private final Semaphore calls = new Semaphore(MAX_CALLS);

  /**
   * A settlement for one event loop.
   *
   * @param wake is called when there is something for who settles
   */
  ChainSettlement(
      Context context,
      SettlementTerms terms,
      Duration epoch,
      Transactions transactions,
      Runnable wake) {
    this.context = (ContextInternal) context;
    this.terms = terms;
    this.epochSeconds = epoch.toSeconds();
    this.transactions = transactions;
    this.channels = new ChannelStore(terms);
    this.store = new ChainStore(terms);
    this.epochs = new EpochStore(terms);
    this.wake = wake;
  }

  @Override
  public Optional<SettlementTerms> terms() {
    return Optional.of(terms);
  }

  @Override
  public Future<AccountView> view(Account account) {
    return within(connection -> view(connection, account.id()));
  }

  @Override
  public Future<ChannelOutcome> openChannel(
      Account account, TonAddress owner, byte[] voucherKey, Voucher first) {
    byte[] key = voucherKey.clone();
    return within(connection -> open(connection, account.id(), owner, key, first));
  }

  @Override
  public Future<VoucherOutcome> submitVoucher(Account account, Voucher voucher) {
    return within(
        connection -> {
          Optional<Channel> channel = channels.ofAccount(connection, account.id());
          return channel.isEmpty()
              ? new VoucherOutcome.Refused(
                  SettlementRefusal.NO_CHANNEL,
                  "This account has no channel; register one, then send vouchers for it.")
              : take(connection, channel.get(), voucher);
        });
  }

  @Override
  public Future<WithdrawalOutcome> withdraw(Account account, Withdrawal request) {
    return switch (request) {
      case Withdrawal.FromChannel(Optional<NanoTon> amount) ->
          signed(account, within(c -> leave(c, account.id(), amount, false)));
      case Withdrawal.CloseChannel() ->
          signed(account, within(c -> leave(c, account.id(), Optional.empty(), true)));
      case Withdrawal.Refund refund -> within(c -> refund(c, account.id(), refund));
    };
  }

  @Override
  public Future<PayeeView> payee(TonAddress address) {
    return within(connection -> payee(connection, address));
  }

  @Override
  public Future<Boolean> assignPrepayment(String transaction, Account account) {
    byte[] hash = HexFormat.of().parseHex(transaction);
    return within(
        connection -> {
          Optional<Long> amount =
              Sql.first(
                  connection,
                  "UPDATE prepayments SET account_id = ? WHERE hash = ? AND account_id IS NULL"
                      + " RETURNING amount_nanoton",
                  row -> row.getLong(1),
                  account.id(),
                  hash);
          if (amount.isPresent()) {
            channels.prepaid(
                connection,
                account.id(),
                HexFormat.of().formatHex(hash),
                new NanoTon(amount.get()));
          }
          return amount.isPresent();
        });
  }

  @Override
  public Future<ChallengeOutcome> challenge(Commitment shown) {
    if (shown.networkId() != terms.networkId()
        || !shown.contract().equals(terms.address())
        || !shown.isSignedBy(terms.contract().routerKey())) {
      return Future.succeededFuture(
          new ChallengeOutcome.NotOurs(
              "This router's key did not sign it for its settlement contract."));
    }
    return within(connection -> challenge(connection, shown));
  }

  private ChallengeOutcome challenge(Connection connection, Commitment shown) throws SQLException {
    Optional<Commitment> stored = epochs.of(connection, shown.epoch());
    if (stored.isPresent() && Arrays.equals(stored.get().hash(), shown.hash())) {
      return new ChallengeOutcome.Same();
    }
    String reason = EpochStore.foreign(shown.epoch(), stored.isPresent());
    ChainStore.halt(connection, reason);
    log.error("event=commitment_challenged epoch={} detail=\"{}\"", shown.epoch(), reason);
    return stored.isEmpty()
        ? new ChallengeOutcome.NotOurs(
            "This ledger has no epoch %d, and has stopped to settle.".formatted(shown.epoch()))
        : new ChallengeOutcome.Contradiction(
            terms.address(),
            SettlementTerms.FEES.slash(),
            SettlementContract.slash(0, stored.get(), shown));
  }

  // ------------------------------------------------------------------ channels

  private ChannelOutcome open(
      Connection connection, long account, TonAddress owner, byte[] voucherKey, Voucher first)
      throws SQLException {
    TonAddress address = terms.channel(owner, voucherKey);
    Optional<VoucherOutcome.Refused> wrong =
        VoucherRules.wrong(terms, address, voucherKey, first, ChainStore.nowSeconds(connection));
    if (wrong.isPresent()) {
      return new ChannelOutcome.Refused(wrong.get().reason(), wrong.get().sentence());
    }
    channels.register(connection, account, owner, voucherKey, first);
    Optional<Channel> channel = channels.ofAccount(connection, account);
    if (channel.isEmpty()) {
      return new ChannelOutcome.Refused(
          SettlementRefusal.TAKEN, "The channel %s is another account's.".formatted(address));
    }
    if (!channel.get().address().equals(address)) {
      return new ChannelOutcome.Refused(
          SettlementRefusal.OTHER_CHANNEL,
          "This account has the channel %s; an account has one channel."
              .formatted(channel.get().address()));
    }
    wake.run();
    take(connection, channel.get(), first);
    Channel now = channels.ofAccount(connection, account).orElseThrow();
    return new ChannelOutcome.Opened(address, new NanoTon(now.credited() - now.debited()));
  }

  private VoucherOutcome take(Connection connection, Channel channel, Voucher voucher)
      throws SQLException {
    long now = ChainStore.nowSeconds(connection);
    Optional<VoucherOutcome.Refused> wrong =
        VoucherRules.wrong(terms, channel.address(), channel.voucherKey(), voucher, now);
    if (wrong.isPresent()) {
      return wrong.get();
    }
    Voucher best = channel.voucher();
    if (voucher.ceiling().compareTo(best.ceiling()) < 0 || voucher.expires() < best.expires()) {
      return new VoucherOutcome.Superseded(best.ceiling(), best.expires());
    }
    if (!voucher.ceiling().equals(best.ceiling()) || voucher.expires() != best.expires()) {
      channels.raise(connection, channel, voucher);
    }
    Channel raised = channels.ofAccount(connection, channel.accountId()).orElseThrow();
    ChannelCredit credit = channels.reconcile(connection, raised, now);
    return new VoucherOutcome.Accepted(new NanoTon(credit.account().credit()));
  }

  // ------------------------------------------------------------------ the way out

  private WithdrawalOutcome leave(
      Connection connection, long account, Optional<NanoTon> amount, boolean closes)
      throws SQLException {
    Optional<Channel> found = channels.ofAccount(connection, account);
    if (found.isEmpty()) {
      return new WithdrawalOutcome.Refused(
          SettlementRefusal.NO_CHANNEL, "This account has no channel to withdraw from.");
    }
    Channel channel = found.get();
    Optional<ReleaseStore.Row> running = ReleaseStore.current(connection, channel);
    if (running.isPresent()) {
      return outcome(running.get());
    }
    Status status = channel.books().status();
    if (status != Status.OPEN && !(closes && status == Status.CLOSING)) {
      return new WithdrawalOutcome.Refused(
          SettlementRefusal.STATE,
          "The channel is %s; only an open one can be withdrawn from.".formatted(status));
    }
    long now = ChainStore.nowSeconds(connection);
    ChannelCredit credit = channels.reconcile(connection, channel, now);
    long most = credit.releasable();
    long wanted = closes ? 0 : amount.map(NanoTon::nanos).orElse(most);
    if (!closes && (wanted == 0 || wanted > most)) {
      return new WithdrawalOutcome.Refused(
          SettlementRefusal.AMOUNT,
          ("%d nanoTON can be withdrawn now, not %d; what is reserved for running requests gets free"
                  + " within a minute of the last one.")
              .formatted(most, wanted));
    }
    ReleaseStore.ask(connection, channel, closes, wanted);
    channels.reconcile(connection, channels.ofAccount(connection, account).orElseThrow(), now);
    log.info(
        "event=withdrawal_asked account={} channel={} closes={} amount_nanoton={}",
        account,
        channel.address(),
        closes,
        wanted);
    wake.run();
    return new WithdrawalOutcome.Claiming(new NanoTon(wanted));
  }

  private static WithdrawalOutcome outcome(ReleaseStore.Row row) {
    return row.release().isPresent()
        ? new WithdrawalOutcome.Released(
            row.release().get(), new NanoTon(row.amount()), SettlementTerms.FEES.finish())
        : new WithdrawalOutcome.Claiming(new NanoTon(row.amount()));
  }

  /** Waits a little for the release to be signed: mostly that is all it takes. */
  private Future<WithdrawalOutcome> signed(Account account, Future<WithdrawalOutcome> asked) {
    return asked.compose(
        first ->
            first instanceof WithdrawalOutcome.Claiming
                ? aside(
                    () -> {
                      long until = System.nanoTime() + SIGNING.toNanos();
                      WithdrawalOutcome now = first;
                      while (now instanceof WithdrawalOutcome.Claiming
                          && System.nanoTime() < until) {
                        Thread.sleep(LOOK_MILLIS);
                        now = transactions.run(connection -> current(connection, account, first));
                      }
                      return now;
                    })
                : Future.succeededFuture(first));
  }

  private WithdrawalOutcome current(
      Connection connection, Account account, WithdrawalOutcome otherwise) throws SQLException {
    Channel channel = channels.ofAccount(connection, account.id()).orElseThrow();
    return ReleaseStore.current(connection, channel)
        .map(ChainSettlement::outcome)
        .orElse(otherwise);
  }

  private WithdrawalOutcome refund(Connection connection, long account, Withdrawal.Refund request)
      throws SQLException {
    if (request.reference().isEmpty() || request.reference().length() > MAX_REFERENCE) {
      return new WithdrawalOutcome.Refused(
          SettlementRefusal.AMOUNT, "A refund's reference has 1 to 64 characters.");
    }
    Optional<Channel> channel = channels.ofAccount(connection, account);
    AccountFunds funds =
        channels.funds(
            connection,
            account,
            channel.map(Channel::credited).orElse(0L),
            channel.map(Channel::debited).orElse(0L));
    long next = nextEpoch(connection, store.books(connection));
    String reference = "refund:" + account + ":" + request.reference();
    Optional<Long> before =
        Sql.first(
            connection,
            "SELECT amount_nanoton FROM withdrawals WHERE reference = ?",
            row -> row.getLong(1),
            reference);
    if (before.isPresent()) {
      return new WithdrawalOutcome.Refunded(new NanoTon(before.get()), next);
    }
    long most = funds.refundable(channel.map(c -> c.books().claimed()).orElse(0L));
    long wanted = request.amount().map(NanoTon::nanos).orElse(most);
    if (wanted == 0 || wanted > most) {
      return new WithdrawalOutcome.Refused(
          SettlementRefusal.AMOUNT,
          "%d nanoTON of prepaid credit can go back now, not %d.".formatted(most, wanted));
    }
    Sql.number(
        connection, "SELECT refund(?, ?, ?, ?)::int", account, reference, wanted, request.to());
    log.info("event=refund account={} amount_nanoton={} payee={}", account, wanted, request.to());
    return new WithdrawalOutcome.Refunded(new NanoTon(wanted), next);
  }

  // ------------------------------------------------------------------ views

  private AccountView view(Connection connection, long account) throws SQLException {
    Optional<Channel> channel = channels.ofAccount(connection, account);
    AccountFunds funds =
        channels.funds(
            connection,
            account,
            channel.map(Channel::credited).orElse(0L),
            channel.map(Channel::debited).orElse(0L));
    Optional<AccountView.Channel> shown = Optional.empty();
    if (channel.isPresent()) {
      shown = Optional.of(view(connection, channel.get(), channel.get().credit(funds)));
    }
    return new AccountView(
        Optional.of(terms),
        terms.comment(account),
        new NanoTon(5 * terms.prepaymentFee().nanos()),
        new NanoTon(funds.prepaid()),
        new NanoTon(funds.refundable(channel.map(c -> c.books().claimed()).orElse(0L))),
        shown);
  }

  private static AccountView.Channel view(
      Connection connection, Channel channel, ChannelCredit credit) throws SQLException {
    ChannelBooks books = channel.books();
    return new AccountView.Channel(
        channel.address(),
        channel.owner(),
        channel.voucherKey(),
        books.status(),
        new NanoTon(books.deposited()),
        new NanoTon(books.claimed()),
        new NanoTon(books.withdrawn()),
        new NanoTon(books.pending()),
        books.unlockAt(),
        channel.voucher().ceiling(),
        channel.voucher().expires(),
        new NanoTon(credit.account().credit()),
        new NanoTon(credit.due()),
        new NanoTon(credit.releasable()),
        ReleaseStore.current(connection, channel).map(ChainSettlement::outcome));
  }

  private PayeeView payee(Connection connection, TonAddress address) throws SQLException {
    Optional<Long> earned =
        Sql.first(
            connection,
            "SELECT earned_nanoton FROM payees WHERE address = ?",
            row -> row.getLong(1),
            address);
    ContractBooks books = store.books(connection);
    if (earned.isEmpty()) {
      return PayeeView.NOTHING;
    }
    long committed =
        Sql.first(
                connection,
                "SELECT earned_nanoton FROM epoch_leaves WHERE epoch = ? AND address = ?",
                row -> row.getLong(1),
                books.epoch(),
                address)
            .orElse(0L);
    long paid =
        Sql.number(
            connection,
            "SELECT coalesce(sum(amount_nanoton), 0)::bigint FROM payouts WHERE address = ?",
            address);
    List<PayeeView.Payment> payments =
        Sql.list(
            connection,
            "SELECT amount_nanoton, epoch, seconds, encode(hash, 'hex'), lt FROM payouts"
                + " WHERE address = ? ORDER BY lt DESC LIMIT "
                + MAX_PAYMENTS,
            row ->
                new PayeeView.Payment(
                    new NanoTon(row.getLong(1)),
                    row.getLong(2),
                    row.getLong(3),
                    row.getString(4),
                    row.getLong(5)),
            address);
    return new PayeeView(
        new NanoTon(earned.get()),
        new NanoTon(committed),
        new NanoTon(paid),
        books.epoch(),
        nextEpoch(connection, books),
        payments);
  }

  /** The first is due at once, as is one that had nothing to say in time. */
  private long nextEpoch(Connection connection, ContractBooks books) throws SQLException {
    return Math.max(ChainStore.nowSeconds(connection), books.committedAt() + epochSeconds);
  }

  // ------------------------------------------------------------------ virtual threads

  private interface Call<T> {
    T call() throws SQLException, InterruptedException;
  }

  private <T> Future<T> within(Transactions.Work<T> work) {
    return aside(() -> transactions.run(work));
  }

  private <T> Future<T> aside(Call<T> call) {
    if (!calls.tryAcquire()) {
      return context.failedFuture(new SQLException("too many calls of the settlement at once"));
    }
    Promise<T> promise = context.promise();
    Thread.ofVirtual()
        .name("settlement-call")
        .start(
            () -> {
              try {
                promise.complete(call.call());
              } catch (SQLException | RuntimeException | Error e) {
                promise.fail(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                promise.fail(e);
              } finally {
                calls.release();
              }
            });
    return promise.future();
  }
}
