package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.chain.ChannelContract.Status;

/**
 * Leave to withdraw from channels without waiting. One at a time for a channel.
 *
 * <pre>
 *   (none)    asked: an amount is debited, or everything as it gets free    claiming
 *   claiming  an amount: at once; a closing: all is free and claimed        released  signed
 *   released  the channel withdrew that much, or closed                     used
 *   claiming  the channel closed                                            expired
 *   released  the chain's time is past its end, and it was not used         expired   credit again
 * </pre>
 *
 * <p>An amount needs no claim before it is signed: the credit that is left is below what stays in
 * the channel. A closing takes everything, so all that is due is claimed first.
 */
final class ReleaseStore {
  private ReleaseStore() {}

  /**
   * A row.
   *
   * @param id of the row
   * @param accountId whose channel
   * @param closes whether it closes
   * @param amount that the account asked for; of a closing: that was debited for it
   * @param state claiming, released
   * @param release if it is signed
   */
  record Row(
      long id,
      long accountId,
      boolean closes,
      long amount,
      String state,
      Optional<Release> release) {}

  /** The one of an account that is not over. */
  static Optional<Row> current(Connection connection, Channel channel) throws SQLException {
    return Sql.first(
        connection,
        "SELECT * FROM releases WHERE account_id = ? AND state IN ('claiming', 'released')",
        row -> read(row, channel),
        channel.accountId());
  }

  /** The accounts whose releases are to be signed. */
  static List<Long> claiming(Connection connection) throws SQLException {
    return Sql.list(
        connection,
        "SELECT account_id FROM releases WHERE state = 'claiming' ORDER BY id LIMIT 100",
        row -> row.getLong(1));
  }

  /** The accounts whose releases are over by this time, in seconds since 1970. */
  static List<Long> overdue(Connection connection, long nowSeconds) throws SQLException {
    return Sql.list(
        connection,
        "SELECT account_id FROM releases WHERE state = 'released' AND expires < ?"
            + " ORDER BY id LIMIT 100",
        row -> row.getLong(1),
        nowSeconds);
  }

  private static Row read(ResultSet row, Channel channel) throws SQLException {
    byte[] signature = row.getBytes("signature");
    Optional<Release> release =
        signature == null
            ? Optional.empty()
            : Optional.of(
                new Release(
                    channel.voucher().networkId(),
                    channel.address(),
                    new NanoTon(row.getLong("charged_nanoton")),
                    new NanoTon(row.getLong("withdrawn_nanoton")),
                    row.getBoolean("closes"),
                    row.getLong("expires"),
                    signature));
    return new Row(
        row.getLong("id"),
        row.getLong("account_id"),
        row.getBoolean("closes"),
        row.getLong("amount_nanoton"),
        row.getString("state"),
        release);
  }

  /** Asks for one; what it takes was debited, and the channel keeps that free. */
  static void ask(Connection connection, Channel channel, boolean closes, long amount)
      throws SQLException {
    Sql.update(
        connection,
        "INSERT INTO releases (account_id, closes, amount_nanoton) VALUES (?, ?, ?)",
        channel.accountId(),
        closes,
        amount);
    Sql.update(
        connection,
        "UPDATE channels SET released_nanoton = greatest(released_nanoton, withdrawn_nanoton) + ?,"
            + " closing = ? WHERE account_id = ?",
        closes ? 0 : amount,
        closes,
        channel.accountId());
  }

  static void sign(Connection connection, Row row, Release release, long amount)
      throws SQLException {
    Sql.update(
        connection,
        "UPDATE releases SET state = 'released', amount_nanoton = ?, charged_nanoton = ?,"
            + " withdrawn_nanoton = ?, expires = ?, signature = ? WHERE id = ?",
        amount,
        release.charged(),
        release.withdrawn(),
        release.expires(),
        release.signature(),
        row.id());
  }

  /** The channel went on: the release may be used by that. */
  static void followed(
      Connection connection, long accountId, ChannelBooks before, ChannelBooks after)
      throws SQLException {
    boolean closed = before.status() != Status.CLOSED && after.status() == Status.CLOSED;
    int used =
        Sql.update(
            connection,
            "UPDATE releases SET state = 'used' WHERE account_id = ? AND state = 'released'"
                + " AND (? OR (withdrawn_nanoton <= ? AND (NOT closes OR ?)))",
            accountId,
            closed,
            after.withdrawn(),
            after.status() != Status.OPEN);
    int left =
        closed
            ? Sql.update(
                connection,
                "UPDATE releases SET state = 'expired'"
                    + " WHERE account_id = ? AND state = 'claiming'",
                accountId)
            : 0;
    if (used + left > 0) {
      free(connection, accountId);
    }
  }

  /** Its time is over, and all was followed up to then: the account may spend it again. */
  static void expire(Connection connection, long accountId) throws SQLException {
    Sql.update(
        connection,
        "UPDATE releases SET state = 'expired' WHERE account_id = ? AND state = 'released'",
        accountId);
    free(connection, accountId);
  }

  private static void free(Connection connection, long accountId) throws SQLException {
    Sql.update(
        connection,
        "UPDATE channels SET closing = false, released_nanoton = withdrawn_nanoton"
            + " WHERE account_id = ?",
        accountId);
  }
}
