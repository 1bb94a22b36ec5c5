package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.UUID;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.Usage;

/**
 * A charge that is not durable yet.
 *
 * @param hold it is charged to
 * @param usage what was delivered
 * @param chargedAtMillis when it was asked for, in milliseconds since the Unix epoch
 * @param startedNanos the same on the monotonic clock
 * @param promise of the receipt
 */
record PendingCharge(
    Hold hold, Usage usage, long chargedAtMillis, long startedNanos, Promise<Receipt> promise) {

  UUID requestId() {
    return hold.requestId();
  }

  long accountId() {
    return hold.account().id();
  }

  Future<Receipt> future() {
    return promise.future();
  }

  /** What its receipt states. */
  ReceiptTerms terms(int networkId) {
    return new ReceiptTerms(
        networkId,
        null,
        requestId(),
        accountId(),
        usage.model(),
        usage.tokens(),
        usage.price(),
        usage.coefficient(),
        usage.cost(),
        chargedAtMillis);
  }
}
