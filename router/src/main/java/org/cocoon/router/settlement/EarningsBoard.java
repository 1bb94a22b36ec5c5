package org.cocoon.router.settlement;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.TonAddress;
import org.cocoon.link.wire.CommittedEarnings;
import org.cocoon.link.wire.Earnings;

/**
 * What workers are told of their earnings: by the ledger, and by the newest epoch on the chain with
 * the proof that it takes to claim without this router. One thread; blocks.
 */
final class EarningsBoard {
  private final Transactions transactions;
  private final EpochStore epochs;
  private final Map<String, CommittedEarnings> proofs = new HashMap<>();
  private Optional<Commitment> newest = Optional.empty();
  private EarningsTree tree;
  private Map<TonAddress, Integer> places = Map.of();

  EarningsBoard(SettlementTerms terms, Transactions transactions) {
    this.transactions = transactions;
    this.epochs = new EpochStore(terms);
    this.tree = EarningsTree.of(terms.networkId(), terms.address(), List.of());
  }

  /** A payee's row. */
  private record Row(TonAddress address, long earned, long paid) {}

  /**
   * The earnings of those addresses that have any.
   *
   * @param payouts raw addresses, as a hello says them
   */
  Map<String, Earnings> of(Collection<String> payouts) throws SQLException {
    if (payouts.isEmpty()) {
      return Map.of();
    }
    byte[][] addresses =
        payouts.stream().map(text -> TonAddress.parse(text).hash()).toArray(byte[][]::new);
    return transactions.run(
        connection -> {
          refresh(connection);
          Map<String, Earnings> all = new HashMap<>();
          for (Row row : rows(connection, addresses)) {
            all.put(row.address.toString(), earnings(row));
          }
          return all;
        });
  }

  private static List<Row> rows(Connection connection, byte[][] addresses) throws SQLException {
    return Sql.list(
        connection,
        "SELECT p.address, p.earned_nanoton, coalesce((SELECT sum(o.amount_nanoton) FROM payouts o"
            + " WHERE o.address = p.address), 0)::bigint FROM payees p WHERE p.address = ANY (?)",
        row -> new Row(Sql.address(row, "address"), row.getLong(2), row.getLong(3)),
        connection.createArrayOf("bytea", addresses));
  }

  private Earnings earnings(Row row) {
    Earnings.Builder earnings = Earnings.newBuilder().setEarned(row.earned).setPaid(row.paid);
    committed(row.address).ifPresent(earnings::setCommitted);
    return earnings.build();
  }

  private Optional<CommittedEarnings> committed(TonAddress address) {
    Integer index = places.get(address);
    if (newest.isEmpty() || index == null) {
      return Optional.empty();
    }
    Commitment commitment = newest.get();
    return Optional.of(proofs.computeIfAbsent(address.toString(), _ -> proof(commitment, index)));
  }

  private CommittedEarnings proof(Commitment commitment, int index) {
    CommittedEarnings.Builder proof =
        CommittedEarnings.newBuilder()
            .setEpoch(commitment.epoch())
            .setRoot(ByteString.copyFrom(commitment.root()))
            .setTotal(commitment.earned().nanos())
            .setDigest(ByteString.copyFrom(commitment.digest()))
            .setExpires(commitment.expires())
            .setSignature(ByteString.copyFrom(commitment.signature()))
            .setEarned(tree.leaves().get(index).earned().nanos())
            .setIndex(index);
    for (EarningsTree.Node sibling : tree.siblings(index, 0)) {
      proof.addSiblings(
          ByteString.copyFrom(
              ByteBuffer.allocate(32 + Long.BYTES)
                  .put(sibling.hash())
                  .putLong(sibling.sum().nanos())
                  .array()));
    }
    return proof.build();
  }

  /** Reads the tree anew when the contract has taken another epoch. */
  private void refresh(Connection connection) throws SQLException {
    long epoch = Sql.number(connection, "SELECT epoch FROM settlement_books");
    if (epoch == 0 || (newest.isPresent() && newest.get().epoch() == epoch)) {
      return;
    }
    Optional<Commitment> commitment = epochs.of(connection, epoch);
    if (commitment.isEmpty()) {
      return; // another one's: settling has stopped, and says so
    }
    tree = epochs.tree(connection, epoch);
    Map<TonAddress, Integer> found = new HashMap<>();
    for (int i = 0; i < tree.leaves().size(); i++) {
      if (!tree.leaves().get(i).isEmpty()) {
        found.put(tree.leaves().get(i).payee(), i);
      }
    }
    places = found;
    proofs.clear();
    newest = commitment;
  }
}
