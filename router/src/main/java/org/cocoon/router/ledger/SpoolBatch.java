package org.cocoon.router.ledger;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.cocoon.contracts.TonAddress;

/**
 * Frames that go to the database in one transaction, laid out as the arrays that its function
 * takes: frames first, then a row for each charge. Not thread-safe.
 */
final class SpoolBatch {
  final long from;
  private long end;
  private final List<SpoolFrame> frames = new ArrayList<>();
  private int size;

  SpoolBatch(long from) {
    this.from = from;
    this.end = from;
  }

  void add(SpoolLog.Found found) {
    frames.add(found.frame());
    size += found.frame().charges().size();
    end = found.end();
  }

  int size() {
    return size;
  }

  /** The position behind the last frame. */
  long end() {
    return end;
  }

  List<UUID> requests() {
    List<UUID> all = new ArrayList<>(size);
    for (SpoolFrame frame : frames) {
      frame.charges().forEach(charge -> all.add(charge.requestId()));
    }
    return all;
  }

  /** How many charges of each account, and what they cost. */
  Map<Long, Sum> sums() {
    Map<Long, Sum> sums = new HashMap<>();
    for (SpoolFrame frame : frames) {
      for (SpooledCharge charge : frame.charges()) {
        sums.merge(charge.accountId(), new Sum(1, charge.cost().nanos()), Sum::plus);
      }
    }
    return sums;
  }

  /** Charges of one account. */
  record Sum(int charges, long cost) {
    private Sum plus(Sum other) {
      return new Sum(charges + other.charges, Math.addExact(cost, other.cost));
    }
  }

  List<SpoolFrame> frames() {
    return frames;
  }

  /** What the frames' receipts share, as charge_batch() and open_batch() take it. */
  List<Column> frameColumns() {
    int count = frames.size();
    int[] networks = new int[count];
    byte[][] contracts = new byte[count][];
    byte[][] keys = new byte[count][];
    byte[][] signatures = new byte[count][];
    byte[][] leaves = new byte[count][];
    for (int i = 0; i < count; i++) {
      SpoolFrame frame = frames.get(i);
      TonAddress contract = frame.contract();
      networks[i] = frame.networkId();
      contracts[i] = contract == null ? new byte[0] : contract.hash();
      keys[i] = frame.receipts().routerKey();
      signatures[i] = frame.receipts().signature();
      leaves[i] = frame.receipts().leaves();
    }
    return List.of(
        new Column("int4", networks),
        new Column("bytea", contracts),
        new Column("bytea", keys),
        new Column("bytea", signatures),
        new Column("bytea", leaves));
  }

  /**
   * Each payee once, and whether it earns something here: first those who do, in the order in which
   * they first earn, for that is the order of new payees.
   */
  Map<TonAddress, Boolean> payees() {
    Map<TonAddress, Boolean> payees = new LinkedHashMap<>();
    for (boolean earning : new boolean[] {true, false}) {
      for (SpoolFrame frame : frames) {
        for (SpooledCharge charge : frame.charges()) {
          TonAddress payee = charge.payee();
          if (payee != null && charge.cost().compareTo(charge.fee()) > 0 == earning) {
            payees.putIfAbsent(payee, earning);
          }
        }
      }
    }
    return payees;
  }

  /** A parameter: the SQL type of its elements, and an array of these. */
  record Column(String type, Object elements) {
    static Column ofAddresses(Collection<TonAddress> addresses) {
      return new Column("bytea", addresses.stream().map(TonAddress::hash).toArray(byte[][]::new));
    }
  }
}
