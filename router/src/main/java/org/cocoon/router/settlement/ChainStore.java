package org.cocoon.router.settlement;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.SettlementContract;

/** How far the chain was followed, and what the settlement contract says by then. */
final class ChainStore {
  private final SettlementTerms terms;

  ChainStore(SettlementTerms terms) {
    this.terms = terms;
  }

  /**
   * The last transaction of an account that was booked.
   *
   * @param lt 0: none
   * @param hash 32 bytes
   * @param balance that follows from all of them, in nanoTON
   */
  record Cursor(long lt, byte[] hash, BigDecimal balance) {}

  /**
   * Makes this the ledger's settlement, or checks that it is.
   *
   * @throws SettlementException if the ledger settles elsewhere
   */
  void open(Connection connection) throws SQLException, SettlementException {
    SettlementContract.Terms contract = terms.contract();
    int made =
        Sql.update(
            connection,
            "INSERT INTO settlement (network_id, address, registry, owner, router_key,"
                + " delay_seconds, min_stake_nanoton, fee_permille, voucher_margin_seconds,"
                + " max_voucher_seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            terms.networkId(),
            terms.address(),
            contract.registry(),
            contract.owner(),
            contract.routerKey(),
            contract.delaySeconds(),
            contract.minStake(),
            terms.feePermille(),
            terms.voucherMarginSeconds(),
            terms.maxVoucherSeconds());
    if (made == 1) {
      Sql.update(connection, "INSERT INTO settlement_books DEFAULT VALUES");
      Sql.update(
          connection,
          "INSERT INTO used_before SELECT account_id, sum(cost_nanoton) FROM usage"
              + " WHERE payee_index IS NULL GROUP BY 1");
      for (TonAddress followed : new TonAddress[] {terms.address(), contract.owner()}) {
        Sql.update(connection, "INSERT INTO chain_cursor (address) VALUES (?)", followed);
      }
      return;
    }
    SettlementTerms stored = read(connection).orElseThrow();
    if (!stored.address().equals(terms.address()) || stored.networkId() != terms.networkId()) {
      throw new SettlementException(
          "this ledger settles at "
              + stored
              + ", and this router would at "
              + terms
              + ": start it with the network, registry, stake, delay, operator's wallet and receipt"
              + " key of then, or with another database");
    }
    Sql.update(
        connection,
        "UPDATE settlement SET fee_permille = ?, voucher_margin_seconds = ?,"
            + " max_voucher_seconds = ?",
        terms.feePermille(),
        terms.voucherMarginSeconds(),
        terms.maxVoucherSeconds());
  }

  /** Where a ledger settles, if it does. */
  static Optional<SettlementTerms> read(Connection connection) throws SQLException {
    return Sql.first(
        connection,
        "SELECT * FROM settlement",
        row ->
            new SettlementTerms(
                row.getInt("network_id"),
                new SettlementContract.Terms(
                    Sql.address(row, "registry"),
                    Sql.address(row, "owner"),
                    row.getBytes("router_key"),
                    row.getLong("delay_seconds"),
                    new NanoTon(row.getLong("min_stake_nanoton"))),
                row.getInt("fee_permille"),
                row.getLong("voucher_margin_seconds"),
                row.getLong("max_voucher_seconds")));
  }

  Cursor cursor(Connection connection, TonAddress address) throws SQLException {
    return Sql.first(
            connection,
            "SELECT lt, hash, in_nanoton - out_nanoton - fees_nanoton FROM chain_cursor"
                + " WHERE address = ?",
            row -> new Cursor(row.getLong(1), row.getBytes(2), row.getBigDecimal(3)),
            address)
        .orElseThrow(() -> new SQLException("no cursor of " + address));
  }

  /**
   * Moves an account's cursor to its next transaction.
   *
   * @return false if that is not the one after the last that was booked: nothing may be booked
   */
  boolean advance(Connection connection, ChainTransaction transaction) throws SQLException {
    long in = transaction.in().map(message -> message.value().nanos()).orElse(0L);
    BigDecimal out = BigDecimal.ZERO;
    for (ChainMessage message : transaction.out()) {
      out =
          out.add(BigDecimal.valueOf(message.value().nanos()))
              .add(BigDecimal.valueOf(message.forwardFee().nanos()));
    }
    int moved =
        Sql.update(
            connection,
            "UPDATE chain_cursor SET lt = ?, hash = ?, in_nanoton = in_nanoton + ?,"
                + " out_nanoton = out_nanoton + ?, fees_nanoton = fees_nanoton + ?,"
                + " transactions = transactions + 1 WHERE address = ? AND lt = ?"
                + " AND (lt = 0 OR hash = ?)",
            transaction.lt(),
            transaction.hash(),
            in,
            out,
            transaction.totalFees(),
            transaction.account(),
            transaction.prevLt(),
            transaction.prevHash());
    return moved == 1;
  }

  /** What the settlement contract says, as far as it was followed. */
  ContractBooks books(Connection connection) throws SQLException {
    return Sql.first(
            connection,
            "SELECT * FROM settlement_books",
            row ->
                new ContractBooks(
                    SettlementContract.Status.of(row.getInt("status")),
                    row.getLong("stake_nanoton"),
                    row.getLong("open_channels"),
                    row.getLong("collected_nanoton"),
                    row.getLong("paid_nanoton"),
                    row.getLong("epoch"),
                    row.getBytes("statement_hash"),
                    row.getLong("committed_at")))
        .orElseThrow();
  }

  void books(Connection connection, ContractBooks books) throws SQLException {
    Sql.update(
        connection,
        "UPDATE settlement_books SET status = ?, stake_nanoton = ?, open_channels = ?,"
            + " collected_nanoton = ?, paid_nanoton = ?, epoch = ?, statement_hash = ?,"
            + " committed_at = ?",
        books.status().code(),
        books.stake(),
        books.openChannels(),
        books.collected(),
        books.paid(),
        books.epoch(),
        books.statementHash(),
        books.committedAt());
  }

  /** The chain's time as far as is known, in seconds since 1970. */
  static long nowSeconds(Connection connection) throws SQLException {
    return Sql.number(
        connection,
        "SELECT extract(epoch FROM now())::bigint + clock_offset_seconds FROM settlement_books");
  }

  /** Notes the chain's time, where it differs by more than some seconds from what is known. */
  static void clock(Connection connection, long chainSeconds) throws SQLException {
    Sql.update(
        connection,
        "UPDATE settlement_books SET clock_offset_seconds ="
            + " ? - extract(epoch FROM now())::bigint"
            + " WHERE abs(? - extract(epoch FROM now())::bigint - clock_offset_seconds) > 1",
        chainSeconds,
        chainSeconds);
  }

  /** Why nothing is sent any more, if that is so. */
  static Optional<String> halted(Connection connection) throws SQLException {
    return Sql.first(
        connection,
        "SELECT halted FROM settlement_books WHERE halted IS NOT NULL",
        row -> row.getString(1));
  }

  /** Stops all sending until an operator has looked; the first reason stays. */
  static void halt(Connection connection, String reason) throws SQLException {
    Sql.update(connection, "UPDATE settlement_books SET halted = ? WHERE halted IS NULL", reason);
  }
}
