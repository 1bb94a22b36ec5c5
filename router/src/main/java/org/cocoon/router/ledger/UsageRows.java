package org.cocoon.router.ledger;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.TonAddress;
import org.jspecify.annotations.Nullable;

/**
 * A batch as rows of usage in PostgreSQL's binary COPY format: a third of the database's work of
 * passing arrays.
 *
 * @see <a href="https://www.postgresql.org/docs/18/sql-copy.html">COPY, binary format</a>
 */
final class UsageRows {
  static final String COPY =
      "COPY usage (request_id, account_id, router_id, model, prompt_tokens, completion_tokens,"
          + " cost_nanoton, worker, charged_at, key_id, cached_prompt_tokens, reasoning_tokens,"
          + " prompt_price, cached_prompt_price, completion_price, reasoning_price, coefficient,"
          + " payee_index, fee_nanoton, batch_id, batch_index) FROM STDIN (FORMAT binary)";

  private static final int COLUMNS = 21;
  private static final byte[] HEADER = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
  };
  private static final int FIXED_BYTES = 2 + COLUMNS * 4 + 16 + 14 * 8 + 3 * 4;

  /** PostgreSQL counts time from 2000. */
  private static final long EPOCH_MILLIS = Instant.parse("2000-01-01T00:00:00Z").toEpochMilli();

  private static final long MICROS_PER_MILLI = 1_000;

  private UsageRows() {}

  /** The number of each payee in its list, from 1. */
  static Map<TonAddress, Integer> numbers(Map<TonAddress, Boolean> payees) {
    Map<TonAddress, Integer> numbers = new HashMap<>();
    payees.keySet().forEach(payee -> numbers.put(payee, numbers.size() + 1));
    return numbers;
  }

  /**
   * All of a COPY.
   *
   * @param batchIds one for each frame
   * @param payeeIndexes of the payees that have one
   */
  static byte[] encode(
      String routerId, SpoolBatch batch, Long[] batchIds, Map<TonAddress, Integer> payeeIndexes) {
    byte[] router = routerId.getBytes(StandardCharsets.UTF_8);
    int bytes = HEADER.length + 2;
    for (SpoolFrame frame : batch.frames()) {
      for (SpooledCharge charge : frame.charges()) {
        bytes += FIXED_BYTES + router.length + charge.maxBytes();
      }
    }
    ByteBuffer out = ByteBuffer.allocate(bytes).put(HEADER);
    for (int i = 0; i < batch.frames().size(); i++) {
      List<SpooledCharge> charges = batch.frames().get(i).charges();
      for (int index = 0; index < charges.size(); index++) {
        put(out, router, charges.get(index), batchIds[i], index, payeeIndexes);
      }
    }
    out.putShort((short) -1).flip();
    byte[] copy = new byte[out.remaining()];
    out.get(copy);
    return copy;
  }

  private static void put(
      ByteBuffer out,
      byte[] router,
      SpooledCharge charge,
      long batchId,
      int index,
      Map<TonAddress, Integer> payeeIndexes) {
    out.putShort((short) COLUMNS);
    out.putInt(16).putLong(charge.requestId().getMostSignificantBits());
    out.putLong(charge.requestId().getLeastSignificantBits());
    putLong(out, charge.accountId());
    putText(out, router);
    putText(out, charge.model().getBytes(StandardCharsets.UTF_8));
    putLong(out, charge.tokens().prompt());
    putLong(out, charge.tokens().completion());
    putLong(out, charge.cost().nanos());
    putText(out, charge.worker().getBytes(StandardCharsets.UTF_8));
    putLong(out, (charge.chargedAtMillis() - EPOCH_MILLIS) * MICROS_PER_MILLI);
    if (charge.keyId() == Ledger.Account.NO_KEY) {
      out.putInt(-1);
    } else {
      putLong(out, charge.keyId());
    }
    putLong(out, charge.tokens().cachedPrompt());
    putLong(out, charge.tokens().reasoning());
    putLong(out, charge.price().prompt());
    putLong(out, charge.price().cachedPrompt());
    putLong(out, charge.price().completion());
    putLong(out, charge.price().reasoning());
    putInt(out, charge.coefficient());
    Integer payee = payeeIndex(charge, payeeIndexes);
    if (payee == null) {
      out.putInt(-1);
    } else {
      putInt(out, payee);
    }
    putLong(out, charge.fee().nanos());
    putLong(out, batchId);
    putInt(out, index);
  }

  /** Null where nobody earns. */
  private static @Nullable Integer payeeIndex(
      SpooledCharge charge, Map<TonAddress, Integer> payeeIndexes) {
    TonAddress payee = charge.payee();
    if (payee == null) {
      return null;
    }
    Integer index = payeeIndexes.get(payee);
    return index != null || charge.fee().nanos() == 0 ? index : Integer.valueOf(0);
  }

  private static void putLong(ByteBuffer out, long value) {
    out.putInt(Long.BYTES).putLong(value);
  }

  private static void putInt(ByteBuffer out, int value) {
    out.putInt(Integer.BYTES).putInt(value);
  }

  private static void putText(ByteBuffer out, byte[] utf8) {
    out.putInt(utf8.length).put(utf8);
  }
}
