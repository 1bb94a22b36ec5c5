package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.router.settlement.ChannelCredit.AccountFunds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Channels in the database, and the credit that they give. Each method is part of a transaction.
 */
final class ChannelStore {
  private static final Logger log = LoggerFactory.getLogger(ChannelStore.class);
  private static final String SELECT = "SELECT * FROM channels WHERE ";

  private final SettlementTerms terms;

  ChannelStore(SettlementTerms terms) {
    this.terms = terms;
  }

  /** The channel of an account, locked. */
  Optional<Channel> ofAccount(Connection connection, long accountId) throws SQLException {
    return Sql.first(
        connection,
        SELECT + "account_id = ? FOR UPDATE",
        row -> Channel.read(row, terms.networkId()),
        accountId);
  }

  /** The channel at an address, locked. */
  Optional<Channel> at(Connection connection, TonAddress address) throws SQLException {
    return Sql.first(
        connection,
        SELECT + "address = ? FOR UPDATE",
        row -> Channel.read(row, terms.networkId()),
        address);
  }

  /** All channels, by account; not locked. */
  List<Channel> all(Connection connection) throws SQLException {
    return Sql.list(
        connection,
        "SELECT * FROM channels ORDER BY account_id",
        row -> Channel.read(row, terms.networkId()));
  }

  /** Registers a channel, unless account or channel have another. */
  void register(
      Connection connection, long accountId, TonAddress owner, byte[] voucherKey, Voucher first)
      throws SQLException {
    int added =
        Sql.update(
            connection,
            "INSERT INTO channels (account_id, address, owner, voucher_key, ceiling_nanoton,"
                + " voucher_expires, voucher_signature) VALUES (?, ?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            accountId,
            first.contract(),
            owner,
            voucherKey,
            first.ceiling(),
            first.expires(),
            first.signature());
    if (added == 1) {
      Sql.update(
          connection,
          "INSERT INTO chain_cursor (address) VALUES (?) ON CONFLICT DO NOTHING",
          first.contract());
      log.info("event=channel_registered account={} channel={}", accountId, first.contract());
    }
  }

  void raise(Connection connection, Channel channel, Voucher voucher) throws SQLException {
    Sql.update(
        connection,
        "UPDATE channels SET ceiling_nanoton = ?, voucher_expires = ?, voucher_signature = ?"
            + " WHERE account_id = ?",
        voucher.ceiling(),
        voucher.expires(),
        voucher.signature(),
        channel.accountId());
  }

  void books(Connection connection, Channel channel, ChannelBooks books) throws SQLException {
    Sql.update(
        connection,
        "UPDATE channels SET status = ?, deposited_nanoton = ?, claimed_nanoton = ?,"
            + " withdrawn_nanoton = ?, pending_nanoton = ?, unlock_at = ?,"
            + " released_nanoton = CASE WHEN EXISTS (SELECT 1 FROM releases r"
            + " WHERE r.account_id = channels.account_id AND r.state IN ('claiming', 'released'))"
            + " THEN greatest(released_nanoton, ?) ELSE ? END WHERE account_id = ?",
        books.status().code(),
        books.deposited(),
        books.claimed(),
        books.withdrawn(),
        books.pending(),
        books.unlockAt(),
        books.withdrawn(),
        books.withdrawn(),
        channel.accountId());
  }

  /** What an account has, beside its channel or with it; locks the account. */
  AccountFunds funds(Connection connection, long accountId, long credited, long debited)
      throws SQLException {
    return Sql.first(
            connection,
            "SELECT a.balance_nanoton, a.leased_nanoton,"
                + " (SELECT coalesce(sum(amount_nanoton), 0) FROM deposits d"
                + "   WHERE d.account_id = a.id AND kind = 'prepaid' AND kind <> 'channel'),"
                + " (SELECT coalesce(sum(amount_nanoton), 0) FROM deposits d"
                + "   WHERE d.account_id = a.id AND kind = 'operator' AND kind <> 'channel'),"
                + " (SELECT coalesce(sum(amount_nanoton), 0) FROM withdrawals w"
                + "   WHERE w.account_id = a.id AND kind <> 'channel'),"
                + " coalesce((SELECT used_nanoton FROM used_before b WHERE b.account_id = a.id), 0)"
                + " FROM accounts a WHERE a.id = ? FOR NO KEY UPDATE",
            row -> {
              long prepaid = row.getLong(3) - row.getLong(5);
              long before = row.getLong(6);
              long given = Math.max(0, row.getLong(4) - before);
              long credit = credited - debited;
              long used = prepaid + given + credit - row.getLong(1);
              return new AccountFunds(prepaid, given, credit, Math.max(0, used), row.getLong(2));
            },
            accountId)
        .orElseThrow(() -> new SQLException("account " + accountId + " is not there"));
  }

  AccountFunds funds(Connection connection, Channel channel) throws SQLException {
    return funds(connection, channel.accountId(), channel.credited(), channel.debited());
  }

  /**
   * Gives an account what its channel gives by now, or takes back what is not in use of what it no
   * longer gives. The references count what was given in all, so that nothing is booked twice.
   *
   * @param nowSeconds the chain's time, since 1970
   * @return the channel afterwards, with the account's side
   */
  ChannelCredit reconcile(Connection connection, Channel channel, long nowSeconds)
      throws SQLException {
    ChannelCredit credit = channel.credit(funds(connection, channel));
    long change = credit.change(nowSeconds, terms.voucherMarginSeconds());
    return change == 0 ? credit : change(connection, channel, change);
  }

  /** Gives an account so much of its channel (negative: takes it off, which must be spare). */
  ChannelCredit change(Connection connection, Channel channel, long change) throws SQLException {
    String address = HexFormat.of().formatHex(channel.address().hash());
    if (change > 0) {
      long credited = Math.addExact(channel.credited(), change);
      Sql.number(
          connection,
          "SELECT credit(?, 'channel', ?, ?)::int",
          channel.accountId(),
          "channel:" + address + ":" + credited,
          change);
      Sql.update(
          connection,
          "UPDATE channels SET credited_nanoton = ? WHERE account_id = ?",
          credited,
          channel.accountId());
    } else if (change < 0) {
      long debited = Math.addExact(channel.debited(), -change);
      Sql.number(
          connection,
          "SELECT debit(?, 'channel', ?, ?, NULL)::int",
          channel.accountId(),
          "channel:" + address + ":" + debited,
          -change);
      Sql.update(
          connection,
          "UPDATE channels SET debited_nanoton = ? WHERE account_id = ?",
          debited,
          channel.accountId());
    }
    log.info(
        "event=channel_credit account={} channel={} change_nanoton={}",
        channel.accountId(),
        channel.address(),
        change);
    Channel now = ofAccount(connection, channel.accountId()).orElseThrow();
    return now.credit(funds(connection, now));
  }

  /** Gives an account prepaid credit, once for each transaction of the settlement contract. */
  void prepaid(Connection connection, long accountId, String transaction, NanoTon amount)
      throws SQLException {
    Sql.number(
        connection,
        "SELECT credit(?, 'prepaid', ?, ?)::int",
        accountId,
        "prepaid:" + transaction,
        amount);
    log.info(
        "event=prepaid account={} amount_nanoton={} transaction={}",
        accountId,
        amount.nanos(),
        transaction);
  }
}
