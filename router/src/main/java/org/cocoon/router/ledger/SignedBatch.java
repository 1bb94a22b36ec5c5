package org.cocoon.router.ledger;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;

/**
 * Charges that go into one transaction, signed once: a retry sends the same bytes.
 *
 * @param charges in the order in which they were asked for
 * @param receipts one for each
 * @param parameters for the database's function that charges
 */
record SignedBatch(List<PendingCharge> charges, List<Receipt> receipts, Tuple parameters) {

  /** Signs and lays out a batch: the CPU work of charging, and not for an event loop. */
  static SignedBatch of(
      String routerId, ReceiptKey key, int networkId, List<PendingCharge> charges) {
    int size = charges.size();
    UUID[] requests = new UUID[size];
    Long[] accounts = new Long[size];
    String[] models = new String[size];
    Long[] prompts = new Long[size];
    Long[] completions = new Long[size];
    Long[] costs = new Long[size];
    String[] workers = new String[size];
    Buffer[] encoded = new Buffer[size];
    OffsetDateTime[] times = new OffsetDateTime[size];
    List<Receipt> receipts =
        Receipt.sign(key, charges.stream().map(charge -> charge.terms(networkId)).toList());
    for (int i = 0; i < size; i++) {
      PendingCharge charge = charges.get(i);
      requests[i] = charge.requestId();
      accounts[i] = charge.accountId();
      models[i] = charge.usage().model();
      prompts[i] = charge.usage().tokens().prompt();
      completions[i] = charge.usage().tokens().completion();
      costs[i] = charge.usage().cost().nanos();
      workers[i] = charge.usage().worker();
      encoded[i] = Buffer.buffer(receipts.get(i).encode());
      times[i] = Instant.ofEpochMilli(charge.chargedAtMillis()).atOffset(ZoneOffset.UTC);
    }
    Tuple parameters =
        Tuple.tuple()
            .addString(routerId)
            .addArrayOfUUID(requests)
            .addArrayOfLong(accounts)
            .addArrayOfString(models)
            .addArrayOfLong(prompts)
            .addArrayOfLong(completions)
            .addArrayOfLong(costs)
            .addArrayOfString(workers)
            .addArrayOfBuffer(encoded)
            .addArrayOfOffsetDateTime(times);
    return new SignedBatch(charges, receipts, parameters);
  }
}
