package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ContractMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Epochs in the database: cut, signed, stored, then posted. Each method is part of a transaction.
 */
final class EpochStore {
  private static final Logger log = LoggerFactory.getLogger(EpochStore.class);

  /**
   * A commitment never ends in practice: only its number decides whether the contract takes it, and
   * one that ended before it came there could be followed by no other of its number.
   */
  private static final long NEVER = 0xffff_ffffL;

  private final SettlementTerms terms;

  EpochStore(SettlementTerms terms) {
    this.terms = terms;
  }

  /** A payee of the ledger, with its leaf of the newest epoch. */
  private record PayeeRow(int index, TonAddress address, long earned, long committed) {}

  /** The newest commitment that was signed, posted or not. */
  Optional<Commitment> newest(Connection connection) throws SQLException {
    return Sql.first(
        connection, "SELECT * FROM epochs ORDER BY number DESC LIMIT 1", this::commitment);
  }

  /** The commitment of an epoch. */
  Optional<Commitment> of(Connection connection, long epoch) throws SQLException {
    return Sql.first(connection, "SELECT * FROM epochs WHERE number = ?", this::commitment, epoch);
  }

  private Commitment commitment(ResultSet row) throws SQLException {
    return new Commitment(
        terms.networkId(),
        terms.address(),
        row.getLong("number"),
        row.getBytes("root"),
        new NanoTon(row.getLong("earned_nanoton")),
        row.getBytes("digest"),
        row.getLong("expires"),
        row.getBytes("signature"));
  }

  /** How much more was earned than the newest epoch says. */
  long growth(Connection connection) throws SQLException {
    return Sql.number(
        connection,
        "SELECT least(9223372036854775807, (SELECT coalesce(sum(earned_nanoton), 0) FROM payees)"
            + " - coalesce((SELECT earned_nanoton FROM epochs ORDER BY number DESC LIMIT 1), 0))"
            + "::bigint");
  }

  /** What was claimed and has not arrived at the settlement contract. */
  long inFlight(Connection connection) throws SQLException {
    return Sql.number(
        connection,
        "SELECT coalesce(sum(claimed_nanoton - collected_nanoton), 0)::bigint FROM channels");
  }

  /**
   * Cuts, signs and stores the next epoch; empty if nobody would get more than by the last one. The
   * last one must be on the chain. With the isolation of one snapshot.
   *
   * @param key the router's
   */
  Optional<Commitment> cut(
      Connection connection, ContractBooks books, ReceiptKey key, long nowSeconds)
      throws SQLException {
    LedgerDigest digest = new LedgerDigest();
    List<EpochCut.AccountBooks> accounts = accounts(connection, digest);
    List<PayeeRow> payees = payees(connection, digest);
    long unassigned =
        Sql.number(
            connection,
            "SELECT coalesce(sum(amount_nanoton), 0)::bigint FROM prepayments"
                + " WHERE account_id IS NULL");
    List<Long> earned =
        EpochCut.leaves(
            payees.stream().map(p -> new EpochCut.Payee(p.earned, p.committed)).toList(),
            accounts,
            books.collected(),
            unassigned);
    List<EarningsTree.Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < payees.size(); i++) {
      leaves.add(new EarningsTree.Leaf(payees.get(i).address, new NanoTon(earned.get(i))));
    }
    boolean more = false;
    for (int i = 0; i < payees.size(); i++) {
      more |= earned.get(i) > payees.get(i).committed;
    }
    if (!more) {
      return Optional.empty();
    }
    EarningsTree tree = EarningsTree.of(terms.networkId(), terms.address(), leaves);
    Commitment commitment =
        Commitment.sign(
            key,
            terms.networkId(),
            terms.address(),
            books.epoch() + 1,
            tree.root().hash(),
            tree.root().sum(),
            digest.end(),
            NEVER);
    store(connection, commitment, payees, earned, nowSeconds);
    return Optional.of(commitment);
  }

  private static void store(
      Connection connection,
      Commitment commitment,
      List<PayeeRow> payees,
      List<Long> earned,
      long nowSeconds)
      throws SQLException {
    Sql.update(
        connection,
        "INSERT INTO epochs (number, root, earned_nanoton, digest, expires, signature,"
            + " statement_hash, signed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        commitment.epoch(),
        commitment.root(),
        commitment.earned(),
        commitment.digest(),
        commitment.expires(),
        commitment.signature(),
        commitment.hash(),
        nowSeconds);
    Sql.update(connection, "DELETE FROM epoch_leaves WHERE epoch < ?", commitment.epoch() - 1);
    try (var insert = connection.prepareStatement("INSERT INTO epoch_leaves VALUES (?, ?, ?, ?)")) {
      for (int i = 0; i < payees.size(); i++) {
        insert.setLong(1, commitment.epoch());
        insert.setInt(2, i);
        insert.setBytes(3, payees.get(i).address.hash());
        insert.setLong(4, earned.get(i));
        insert.addBatch();
      }
      insert.executeBatch();
    }
    log.info(
        "event=epoch_signed epoch={} payees={} total_nanoton={} root={}",
        commitment.epoch(),
        payees.size(),
        commitment.earned().nanos(),
        HexFormat.of().formatHex(commitment.root()));
  }

  /** All accounts by id: for the digest as they are, for the cut without what was before. */
  private static List<EpochCut.AccountBooks> accounts(Connection connection, LedgerDigest digest)
      throws SQLException {
    return Sql.list(
        connection,
        "SELECT a.id, a.balance_nanoton, coalesce(p.amount, 0), coalesce(g.amount, 0),"
            + " coalesce(c.credited_nanoton, 0), coalesce(c.debited_nanoton, 0),"
            + " coalesce(r.amount, 0), coalesce(c.collected_nanoton, 0),"
            + " coalesce(b.used_nanoton, 0)"
            + " FROM accounts a LEFT JOIN channels c ON c.account_id = a.id"
            + " LEFT JOIN used_before b ON b.account_id = a.id"
            + " LEFT JOIN (SELECT account_id, sum(amount_nanoton)::bigint AS amount FROM deposits"
            + "   WHERE kind <> 'channel' AND kind = 'prepaid' GROUP BY 1) p"
            + "   ON p.account_id = a.id"
            + " LEFT JOIN (SELECT account_id, sum(amount_nanoton)::bigint AS amount FROM deposits"
            + "   WHERE kind <> 'channel' AND kind = 'operator' GROUP BY 1) g"
            + "   ON g.account_id = a.id"
            + " LEFT JOIN (SELECT account_id, sum(amount_nanoton)::bigint AS amount"
            + "   FROM withdrawals WHERE kind <> 'channel' GROUP BY 1) r ON r.account_id = a.id"
            + " ORDER BY a.id",
        row -> {
          long prepaid = row.getLong(3);
          long refunded = row.getLong(7);
          long credited = Math.addExact(Math.addExact(prepaid, row.getLong(4)), row.getLong(5));
          long withdrawn = Math.addExact(row.getLong(6), refunded);
          long used = credited - withdrawn - row.getLong(2);
          digest.account(row.getLong(1), credited, used, withdrawn);
          return new EpochCut.AccountBooks(
              Math.max(0, used - row.getLong(9)), prepaid - refunded, row.getLong(8));
        });
  }

  private static List<PayeeRow> payees(Connection connection, LedgerDigest digest)
      throws SQLException {
    return Sql.list(
        connection,
        "SELECT p.index, p.address, p.earned_nanoton, coalesce(l.earned_nanoton, 0) FROM payees p"
            + " LEFT JOIN epoch_leaves l ON l.payee_index = p.index"
            + " AND l.epoch = (SELECT max(number) FROM epochs) ORDER BY p.index",
        row -> {
          digest.payee(row.getInt(1), row.getBytes(2), row.getLong(3));
          return new PayeeRow(
              row.getInt(1), new TonAddress(row.getBytes(2)), row.getLong(3), row.getLong(4));
        });
  }

  /** The tree of an epoch whose leaves are still there. */
  EarningsTree tree(Connection connection, long epoch) throws SQLException {
    return EarningsTree.of(
        terms.networkId(),
        terms.address(),
        Sql.list(
            connection,
            "SELECT address, earned_nanoton FROM epoch_leaves WHERE epoch = ?"
                + " ORDER BY payee_index",
            row -> new EarningsTree.Leaf(Sql.address(row, "address"), new NanoTon(row.getLong(2))),
            epoch));
  }

  /** What each leaf of an epoch says beyond what was paid, by index. */
  List<Long> unpaid(Connection connection, long epoch) throws SQLException {
    return Sql.list(
        connection,
        "SELECT l.earned_nanoton - coalesce((SELECT sum(p.amount_nanoton) FROM payouts p"
            + " WHERE p.payee_index = l.payee_index AND p.address = l.address), 0)::bigint"
            + " FROM epoch_leaves l WHERE l.epoch = ? ORDER BY l.payee_index",
        row -> row.getLong(1),
        epoch);
  }

  /** Books that the contract took a commitment; another one than the stored stops everything. */
  void committed(
      Connection connection,
      ContractMessage.Commit commit,
      byte[] statementHash,
      ChainTransaction transaction)
      throws SQLException {
    Optional<Commitment> stored = of(connection, commit.epoch());
    if (stored.isEmpty() || !Arrays.equals(stored.get().hash(), statementHash)) {
      String reason = foreign(commit.epoch(), stored.isPresent());
      ChainStore.halt(connection, reason);
      log.error("event=foreign_commitment epoch={} detail=\"{}\"", commit.epoch(), reason);
      return;
    }
    Sql.update(
        connection,
        "UPDATE epochs SET lt = ?, hash = ?, seconds = ? WHERE number = ?",
        transaction.lt(),
        transaction.hash(),
        transaction.seconds(),
        commit.epoch());
    log.info(
        "event=epoch_committed epoch={} total_nanoton={} transaction={}",
        commit.epoch(),
        commit.earned().nanos(),
        transaction.hashText());
  }

  /** Why a commitment on the chain that this ledger does not know stops everything. */
  static String foreign(long epoch, boolean storedAnother) {
    return storedAnother
        ? "epoch "
            + epoch
            + " on the chain is another one than this ledger signed: the router's key is in other"
            + " hands, or two databases settle with it; stop all routers, retire the settlement"
            + " contract and settle with a new key"
        : "the chain has epoch "
            + epoch
            + ", which this ledger never signed: the database was restored from an old backup, or"
            + " the router's key is in other hands; restore the newest database, or retire the"
            + " settlement contract and settle with a new key";
  }

  /** Books a payment of the contract. */
  void paid(
      Connection connection,
      long epoch,
      TonAddress payee,
      long amount,
      ChainTransaction transaction)
      throws SQLException {
    Optional<Integer> index =
        Sql.first(
            connection, "SELECT index FROM payees WHERE address = ?", row -> row.getInt(1), payee);
    if (index.isEmpty()) {
      String reason =
          "the settlement contract paid "
              + payee
              + ", which this ledger does not know; "
              + foreign(epoch, false);
      ChainStore.halt(connection, reason);
      log.error("event=foreign_payout payee={} detail=\"{}\"", payee, reason);
      return;
    }
    Sql.update(
        connection,
        "INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?, ?)",
        transaction.lt(),
        index.get(),
        payee,
        epoch,
        amount,
        transaction.hash(),
        transaction.seconds());
    log.info(
        "event=paid payee={} amount_nanoton={} epoch={} transaction={}",
        payee,
        amount,
        epoch,
        transaction.hashText());
  }
}
