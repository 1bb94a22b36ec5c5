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
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.Ledger.Usage;
import org.cocoon.router.ledger.LedgerOptions.Settlement;
import org.jspecify.annotations.Nullable;

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
      String routerId,
      ReceiptKey key,
      @Nullable Settlement settlement,
      List<PendingCharge> charges) {
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
    Long[] keys = new Long[size];
    Long[] cached = new Long[size];
    Long[] reasonings = new Long[size];
    Long[] promptPrices = new Long[size];
    Long[] cachedPrices = new Long[size];
    Long[] completionPrices = new Long[size];
    Long[] reasoningPrices = new Long[size];
    Integer[] coefficients = new Integer[size];
    Buffer[] payees = new Buffer[size];
    Long[] fees = new Long[size];
    List<Receipt> receipts =
        Receipt.sign(key, charges.stream().map(charge -> charge.terms(settlement)).toList());
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
      keys[i] = charge.hold().account().keyId();
      cached[i] = charge.usage().tokens().cachedPrompt();
      reasonings[i] = charge.usage().tokens().reasoning();
      promptPrices[i] = charge.usage().price().prompt();
      cachedPrices[i] = charge.usage().price().cachedPrompt();
      completionPrices[i] = charge.usage().price().completion();
      reasoningPrices[i] = charge.usage().price().reasoning();
      coefficients[i] = charge.usage().coefficient();
      fees[i] = settlement == null ? 0 : settlement.fee(charge.usage().cost()).nanos();
      payees[i] = settlement == null ? Buffer.buffer() : payee(settlement, charge.usage());
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
            .addArrayOfOffsetDateTime(times)
            .addArrayOfLong(keys)
            .addArrayOfLong(cached)
            .addArrayOfLong(reasonings)
            .addArrayOfLong(promptPrices)
            .addArrayOfLong(cachedPrices)
            .addArrayOfLong(completionPrices)
            .addArrayOfLong(reasoningPrices)
            .addArrayOfInteger(coefficients)
            .addArrayOfBuffer(payees)
            .addArrayOfLong(fees);
    return new SignedBatch(charges, receipts, parameters);
  }

  private static Buffer payee(Settlement settlement, Usage usage) {
    TonAddress payee =
        usage.payout().isEmpty() ? settlement.operator() : TonAddress.parse(usage.payout());
    return Buffer.buffer(payee.hash());
  }
}
