package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptBatch;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.router.ledger.Ledger.Account;
import org.jspecify.annotations.Nullable;

/**
 * Receipts as the database has them: not their bytes, but the row of usage, which holds what they
 * state, and what their batch shares. Both together make the same bytes again.
 */
final class StoredReceipts {
  private static final String FIND =
      "SELECT u.receipt, b.network_id, b.contract, b.router_key, b.leaves, b.signature,"
          + " u.batch_index, u.model, u.prompt_tokens, u.cached_prompt_tokens,"
          + " u.completion_tokens, u.reasoning_tokens, u.prompt_price, u.cached_prompt_price,"
          + " u.completion_price, u.reasoning_price, u.coefficient, u.cost_nanoton, u.charged_at"
          + " FROM usage u LEFT JOIN receipt_batches b ON b.id = u.batch_id"
          + " WHERE u.request_id = $1 AND u.account_id = $2";

  private StoredReceipts() {}

  static Future<@Nullable Receipt> find(Database database, Account account, UUID requestId) {
    return database
        .queryOne(FIND, Tuple.of(requestId, account.id()))
        .map(row -> row == null ? null : receipt(row, account, requestId));
  }

  private static Receipt receipt(Row row, Account account, UUID requestId) {
    Buffer whole = row.getBuffer(0);
    if (whole != null) { // from before receipts were signed by the batch
      return Receipt.decode(whole.getBytes());
    }
    Buffer contract = row.getBuffer(2);
    ReceiptTerms terms =
        new ReceiptTerms(
            row.getInteger(1),
            contract == null ? null : new TonAddress(contract.getBytes()),
            requestId,
            account.id(),
            row.getString(7),
            new UsedTokens(row.getLong(8), row.getLong(9), row.getLong(10), row.getLong(11)),
            new Price(row.getLong(12), row.getLong(13), row.getLong(14), row.getLong(15)),
            row.getInteger(16),
            new NanoTon(row.getLong(17)),
            row.getOffsetDateTime(18).toInstant().toEpochMilli());
    ReceiptBatch batch =
        new ReceiptBatch(
            row.getBuffer(3).getBytes(), row.getBuffer(4).getBytes(), row.getBuffer(5).getBytes());
    return batch.receipt(row.getInteger(6), terms);
  }
}
