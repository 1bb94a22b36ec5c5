package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the transactions of the settlement contract, of the channels and of the operator's wallet,
 * and books each once, in the order of its account, with the account's cursor.
 *
 * <p>An answer that does not follow on what was booked is not believed: {@link
 * ChainException.Kind#INCONSISTENT}. Whatever the order in which accounts are read, the books come
 * out the same. One thread; blocks.
 */
final class ChainFollower {
  private static final Logger log = LoggerFactory.getLogger(ChainFollower.class);
  private static final Pattern COMMENT = Pattern.compile("cocoon:([1-9][0-9]{0,17})");

  /** Transactions in one database transaction. */
  private static final int MOST = 32;

  private static final int CHANNELS_PER_ROUND = 16;

  private final Chain chain;
  private final SettlementTerms terms;
  private final Transactions transactions;
  private final ChainStore store;
  private final ChannelStore channels;
  private final EpochStore epochs;
  private final SettlementMetrics metrics;
  private final Map<TonAddress, Long> looked = new HashMap<>();
  private long round;

  ChainFollower(
      Chain chain, SettlementTerms terms, Transactions transactions, SettlementMetrics metrics) {
    this.chain = chain;
    this.terms = terms;
    this.transactions = transactions;
    this.store = new ChainStore(terms);
    this.channels = new ChannelStore(terms);
    this.epochs = new EpochStore(terms);
    this.metrics = metrics;
  }

  /**
   * Books what is new: of the contract and the wallet, of some channels, and where something went.
   */
  void follow() throws ChainException, SQLException {
    round++;
    long seconds = chain.account(terms.address()).seconds();
    transactions.run(
        connection -> {
          ChainStore.clock(connection, seconds);
          return true;
        });
    follow(terms.contract().owner());
    for (TonAddress channel : nextChannels()) {
      follow(channel);
      looked.put(channel, round);
    }
    follow(terms.address());
  }

  /** Books all that is new of one account. */
  void follow(TonAddress account) throws ChainException, SQLException {
    while (true) {
      ChainStore.Cursor cursor = transactions.run(connection -> store.cursor(connection, account));
      List<ChainTransaction> news = chain.transactions(account, cursor.lt(), MOST);
      if (news.isEmpty()) {
        return;
      }
      boolean all =
          transactions.run(
              connection -> {
                for (ChainTransaction transaction : news) {
                  if (!store.advance(connection, transaction)) {
                    connection.rollback();
                    return false;
                  }
                  book(connection, transaction);
                }
                return true;
              });
      if (!all) {
        throw new ChainException(
            ChainException.Kind.INCONSISTENT,
            "the transactions of %s do not follow on the one at %d that was booked"
                .formatted(account, cursor.lt()));
      }
      metrics.transactions.increment(news.size());
    }
  }

  /** First those that something was sent to; the rest in turn. */
  private List<TonAddress> nextChannels() throws SQLException {
    List<TonAddress> all =
        transactions.run(
            connection ->
                Sql.list(
                    connection,
                    "SELECT c.address FROM channels c ORDER BY EXISTS (SELECT 1 FROM outbox_effects"
                        + " e WHERE e.destination = c.address AND e.result IS NULL) DESC,"
                        + " c.account_id",
                    row -> Sql.address(row, "address")));
    long urgent =
        transactions.run(
            connection ->
                Sql.number(
                    connection,
                    "SELECT count(*) FROM channels c WHERE EXISTS (SELECT 1 FROM outbox_effects e"
                        + " WHERE e.destination = c.address AND e.result IS NULL)"));
    List<TonAddress> rest =
        all.stream()
            .skip(urgent)
            .sorted(Comparator.comparing(c -> looked.getOrDefault(c, 0L)))
            .limit(CHANNELS_PER_ROUND)
            .toList();
    return Stream.concat(all.stream().limit(urgent), rest.stream()).toList();
  }

  private void book(Connection connection, ChainTransaction transaction) throws SQLException {
    if (transaction.account().equals(terms.address())) {
      bookContract(connection, transaction);
    } else if (!transaction.account().equals(terms.contract().owner())) {
      bookChannel(connection, transaction);
    }
    ChainMessage in = transaction.in().orElse(null);
    if (in != null && in.source().equals(Optional.of(terms.contract().owner()))) {
      OutboxStore.processed(
          connection, transaction.account(), in.hash(), String.valueOf(transaction.outcome()));
    }
  }

  private void bookChannel(Connection connection, ChainTransaction transaction)
      throws SQLException {
    Channel channel = channels.at(connection, transaction.account()).orElseThrow();
    ChannelBooks before = channel.books();
    ChannelBooks after = before.after(transaction, terms.contract().delaySeconds());
    if (after.equals(before)) {
      return;
    }
    channels.books(connection, channel, after);
    ReleaseStore.followed(connection, channel.accountId(), before, after);
    Channel now = channels.at(connection, transaction.account()).orElseThrow();
    channels.reconcile(connection, now, ChainStore.nowSeconds(connection));
    log.info(
        "event=channel_changed account={} channel={} status={} deposited_nanoton={}"
            + " claimed_nanoton={} withdrawn_nanoton={} pending_nanoton={} unlock_at={}"
            + " transaction={}",
        channel.accountId(),
        channel.address(),
        after.status(),
        after.deposited(),
        after.claimed(),
        after.withdrawn(),
        after.pending(),
        after.unlockAt(),
        transaction.hashText());
  }

  private void bookContract(Connection connection, ChainTransaction transaction)
      throws SQLException {
    ContractBooks.Step step = store.books(connection).after(transaction, terms);
    store.books(connection, step.books());
    for (ContractBooks.Event event : step.events()) {
      switch (event) {
        case ContractBooks.Event.Prepaid(Optional<TonAddress> from, long amount, String comment) ->
            prepaid(connection, transaction, from.orElse(null), amount, comment);
        case ContractBooks.Event.Collected(TonAddress from, long amount) ->
            collected(connection, transaction, from, amount);
        case ContractBooks.Event.Committed(var commit) ->
            epochs.committed(connection, commit, step.books().statementHash(), transaction);
        case ContractBooks.Event.Paid(TonAddress payee, long amount) ->
            epochs.paid(connection, step.books().epoch(), payee, amount, transaction);
        case ContractBooks.Event.Slashed() -> {
          ChainStore.halt(
              connection,
              "the settlement contract was slashed in transaction "
                  + transaction.hashText()
                  + ": somebody showed two commitments of one epoch");
          log.error("event=slashed transaction={}", transaction.hashText());
        }
        case ContractBooks.Event.Refused(var request, var outcome) ->
            log.warn(
                "event=contract_refused request={} outcome=\"{}\" transaction={}",
                request.getClass().getSimpleName(),
                outcome,
                transaction.hashText());
      }
    }
  }

  private void collected(
      Connection connection, ChainTransaction transaction, TonAddress from, long amount)
      throws SQLException {
    int known =
        Sql.update(
            connection,
            "UPDATE channels SET collected_nanoton = collected_nanoton + ? WHERE address = ?",
            amount,
            from);
    if (known == 0) { // a stranger's gift, or the claim of a channel that this ledger has forgotten
      prepaid(connection, transaction, from, amount, "");
    } else {
      log.info(
          "event=claimed channel={} amount_nanoton={} transaction={}",
          from,
          amount,
          transaction.hashText());
    }
  }

  private void prepaid(
      Connection connection,
      ChainTransaction transaction,
      @Nullable TonAddress from,
      long amount,
      String comment)
      throws SQLException {
    if (amount == 0) {
      return;
    }
    Optional<Long> account = account(connection, comment);
    Sql.update(
        connection,
        "INSERT INTO prepayments (lt, hash, source, amount_nanoton, comment, account_id, seconds)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?)",
        transaction.lt(),
        transaction.hash(),
        from,
        amount,
        comment.replace("\0", ""),
        account.orElse(null),
        transaction.seconds());
    if (account.isPresent()) {
      channels.prepaid(
          connection,
          account.get(),
          HexFormat.of().formatHex(transaction.hash()),
          new NanoTon(amount));
    } else {
      log.warn(
          "event=prepaid_unassigned amount_nanoton={} source={} transaction={}",
          amount,
          from,
          transaction.hashText());
    }
  }

  private static Optional<Long> account(Connection connection, String comment) throws SQLException {
    Matcher matcher = COMMENT.matcher(comment.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Sql.first(
        connection,
        "SELECT id FROM accounts WHERE id = ?",
        row -> row.getLong(1),
        Long.parseLong(matcher.group(1)));
  }
}
