package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.SignedExternal;

/**
 * Messages of the operator's wallet, written before they are sent; one at a time.
 *
 * <pre>
 *   (none)   written, in one transaction with what it is for   open
 *   open     the wallet has a transaction for it                arrived    what it sent is listed
 *   open     its time is over, and the wallet has none          expired    it never arrives
 *   open     the wallet's number went to another message        superseded it never arrives
 *   arrived  all that was sent was processed where it went      done
 *   arrived  or an hour is over                                 done
 * </pre>
 *
 * <p>Nothing is sent while one is open or arrived. After expired, superseded or done, what is still
 * to be done follows anew from the books: what was not processed is built again.
 */
final class OutboxStore {
  private static final long PATIENCE_SECONDS = 3_600;

  private OutboxStore() {}

  /**
   * A message on its way.
   *
   * @param id of the row
   * @param purpose for people
   * @param message as it was signed
   * @param afterLt logical time of the wallet's newest transaction when it was signed
   * @param arrived whether the wallet took it
   * @param arrivedAt when, in seconds since 1970
   */
  record Sent(
      long id,
      String purpose,
      SignedExternal message,
      long afterLt,
      boolean arrived,
      long arrivedAt) {}

  /** The one on its way, if there is one. */
  static Optional<Sent> current(Connection connection) throws SQLException {
    return Sql.first(
        connection,
        "SELECT * FROM outbox WHERE state IN ('open', 'arrived')",
        row ->
            new Sent(
                row.getLong("id"),
                row.getString("purpose"),
                new SignedExternal(
                    Sql.address(row, "wallet"),
                    row.getBytes("boc"),
                    row.getBytes("hash"),
                    row.getBytes("body_hash"),
                    row.getLong("seqno"),
                    row.getLong("valid_until"),
                    row.getInt("messages")),
                row.getLong("after_lt"),
                row.getString("state").equals("arrived"),
                row.getLong("arrived_at")));
  }

  /** Writes one down; returns its number. */
  static long write(Connection connection, String purpose, SignedExternal message, long afterLt)
      throws SQLException {
    return Sql.number(
        connection,
        "INSERT INTO outbox (purpose, wallet, boc, hash, body_hash, seqno, valid_until, messages,"
            + " after_lt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        purpose,
        message.wallet(),
        message.boc(),
        message.hash(),
        message.bodyHash(),
        message.seqno(),
        message.validUntil(),
        message.messages(),
        afterLt);
  }

  /** The wallet took it: lists what it sent, of which some may be processed already. */
  static void arrived(Connection connection, long id, ChainTransaction transaction)
      throws SQLException {
    for (ChainMessage out : transaction.out()) {
      Optional<TonAddress> to = out.destination();
      if (out.isInternal() && to.isPresent()) {
        Sql.update(
            connection,
            "INSERT INTO outbox_effects (hash, outbox_id, destination) VALUES (?, ?, ?)"
                + " ON CONFLICT (hash) DO UPDATE SET outbox_id = excluded.outbox_id",
            out.hash(),
            id,
            to.get());
      }
    }
    Sql.update(
        connection,
        "UPDATE outbox SET state = 'arrived', lt = ?, arrived_at = ? WHERE id = ?",
        transaction.lt(),
        transaction.seconds(),
        id);
  }

  static void end(Connection connection, long id, String state) throws SQLException {
    Sql.update(connection, "UPDATE outbox SET state = ? WHERE id = ?", state, id);
  }

  /** A message of the wallet was processed where it went, perhaps before it was seen to leave. */
  static void processed(Connection connection, TonAddress destination, byte[] hash, String outcome)
      throws SQLException {
    Sql.update(
        connection,
        "INSERT INTO outbox_effects (hash, destination, result) VALUES (?, ?, ?)"
            + " ON CONFLICT (hash) DO UPDATE SET result = excluded.result",
        hash,
        destination,
        outcome);
  }

  /** Whether all was processed that was sent for one that arrived, or it is too long ago. */
  static boolean isDone(Connection connection, Sent sent, long nowSeconds) throws SQLException {
    return nowSeconds > sent.arrivedAt() + PATIENCE_SECONDS
        || Sql.number(
                connection,
                "SELECT count(*) FROM outbox_effects WHERE outbox_id = ? AND result IS NULL",
                sent.id())
            == 0;
  }
}
