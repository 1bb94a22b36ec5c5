package org.cocoon.router.ledger;

import java.util.ArrayList;
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

  /** One for each parameter of charge_batch() behind the positions: its SQL type and its array. */
  List<Column> columns() {
    Rows rows = new Rows(size);
    int frameCount = frames.size();
    int[] networks = new int[frameCount];
    byte[][] contracts = new byte[frameCount][];
    byte[][] keys = new byte[frameCount][];
    byte[][] signatures = new byte[frameCount][];
    byte[][] leaves = new byte[frameCount][];
    for (int i = 0; i < frameCount; i++) {
      SpoolFrame frame = frames.get(i);
      TonAddress contract = frame.contract();
      networks[i] = frame.networkId();
      contracts[i] = contract == null ? new byte[0] : contract.hash();
      keys[i] = frame.receipts().routerKey();
      signatures[i] = frame.receipts().signature();
      leaves[i] = frame.receipts().leaves();
      for (int index = 0; index < frame.charges().size(); index++) {
        rows.add(i + 1, index, frame.charges().get(index));
      }
    }
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("int4", networks));
    columns.add(new Column("bytea", contracts));
    columns.add(new Column("bytea", keys));
    columns.add(new Column("bytea", signatures));
    columns.add(new Column("bytea", leaves));
    rows.addTo(columns);
    return columns;
  }

  /** A parameter: the SQL type of its elements, and an array of these. */
  record Column(String type, Object elements) {}

  /** A row for each charge, column by column. */
  private static final class Rows {
    private final int[] batches;
    private final int[] indexes;
    private final UUID[] requests;
    private final long[] accounts;
    private final long[] keys;
    private final String[] models;
    private final String[] workers;
    private final int[][] tokens;
    private final long[][] prices;
    private final int[] coefficients;
    private final long[] costs;
    private final long[] fees;
    private final int[] payees;
    private final long[] times;
    private final Map<TonAddress, Integer> payeeNumbers = new LinkedHashMap<>();
    private int next;

    Rows(int size) {
      batches = new int[size];
      indexes = new int[size];
      requests = new UUID[size];
      accounts = new long[size];
      keys = new long[size];
      models = new String[size];
      workers = new String[size];
      tokens = new int[4][size];
      prices = new long[4][size];
      coefficients = new int[size];
      costs = new long[size];
      fees = new long[size];
      payees = new int[size];
      times = new long[size];
    }

    void add(int batch, int index, SpooledCharge charge) {
      int i = next++;
      batches[i] = batch;
      indexes[i] = index;
      requests[i] = charge.requestId();
      accounts[i] = charge.accountId();
      keys[i] = charge.keyId();
      models[i] = charge.model();
      workers[i] = charge.worker();
      tokens[0][i] = (int) charge.tokens().prompt();
      tokens[1][i] = (int) charge.tokens().cachedPrompt();
      tokens[2][i] = (int) charge.tokens().completion();
      tokens[3][i] = (int) charge.tokens().reasoning();
      prices[0][i] = charge.price().prompt();
      prices[1][i] = charge.price().cachedPrompt();
      prices[2][i] = charge.price().completion();
      prices[3][i] = charge.price().reasoning();
      coefficients[i] = charge.coefficient();
      costs[i] = charge.cost().nanos();
      fees[i] = charge.fee().nanos();
      TonAddress payee = charge.payee();
      payees[i] =
          payee == null ? 0 : payeeNumbers.computeIfAbsent(payee, _ -> payeeNumbers.size() + 1);
      times[i] = charge.chargedAtMillis();
    }

    void addTo(List<Column> columns) {
      byte[][] addresses =
          payeeNumbers.keySet().stream().map(TonAddress::hash).toArray(byte[][]::new);
      columns.add(new Column("bytea", addresses));
      columns.add(new Column("int4", batches));
      columns.add(new Column("int4", indexes));
      columns.add(new Column("uuid", requests));
      columns.add(new Column("int8", accounts));
      columns.add(new Column("int8", keys));
      columns.add(new Column("text", models));
      columns.add(new Column("text", workers));
      for (int[] kind : tokens) {
        columns.add(new Column("int4", kind));
      }
      for (long[] kind : prices) {
        columns.add(new Column("int8", kind));
      }
      columns.add(new Column("int4", coefficients));
      columns.add(new Column("int8", costs));
      columns.add(new Column("int8", fees));
      columns.add(new Column("int4", payees));
      columns.add(new Column("int8", times));
    }
  }
}
