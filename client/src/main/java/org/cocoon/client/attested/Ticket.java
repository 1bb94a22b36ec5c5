package org.cocoon.client.attested;

import java.util.Optional;
import org.cocoon.client.pay.ReceiptRules;
import org.cocoon.client.pay.VoucherBook.Promised;

/**
 * What one request was promised to cost at most, and what its receipt must say.
 *
 * @param promised by a voucher; empty where nothing is paid by vouchers
 * @param maxCoefficient the dearest worker that the request accepts
 * @param rules for the receipt
 */
record Ticket(Optional<Promised> promised, int maxCoefficient, ReceiptRules rules) {
  /** The voucher to send along; empty for none. */
  Optional<String> voucher() {
    return promised.map(one -> one.voucher().toText());
  }
}
