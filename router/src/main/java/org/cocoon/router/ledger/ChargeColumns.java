package org.cocoon.router.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.SpoolBatch.Column;

/** A batch as the arrays that charge_batch() takes: a row for each charge, column by column. */
final class ChargeColumns {
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
  private int next;

  private ChargeColumns(int size) {
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

  /** All parameters of charge_batch() behind the positions, in order. */
  static List<Column> of(SpoolBatch batch) {
    ChargeColumns rows = new ChargeColumns(batch.size());
    Map<TonAddress, Boolean> payees = batch.payees();
    Map<TonAddress, Integer> numbers = UsageRows.numbers(payees);
    for (int i = 0; i < batch.frames().size(); i++) {
      List<SpooledCharge> charges = batch.frames().get(i).charges();
      for (int index = 0; index < charges.size(); index++) {
        rows.add(i + 1, index, charges.get(index), numbers);
      }
    }
    List<Column> columns = new ArrayList<>(batch.frameColumns());
    columns.add(Column.ofAddresses(payees.keySet()));
    rows.addTo(columns);
    return columns;
  }

  private void add(
      int batch, int index, SpooledCharge charge, Map<TonAddress, Integer> payeeNumbers) {
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
    payees[i] = payee == null ? 0 : payeeNumbers.getOrDefault(payee, 0);
    times[i] = charge.chargedAtMillis();
  }

  private void addTo(List<Column> columns) {
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
