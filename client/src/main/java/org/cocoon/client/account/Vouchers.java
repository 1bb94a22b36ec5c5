package org.cocoon.client.account;

import java.time.InstantSource;
import org.cocoon.client.pay.RouterTerms;
import org.cocoon.client.pay.VoucherBook;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;

/** The book of a person's vouchers: without a budget, and as long-lived as the router takes. */
final class Vouchers {
  /** Clocks differ. */
  private static final long SPARE_SECONDS = 300;

  private Vouchers() {}

  static VoucherBook book(
      AccountFolder folder,
      ReceiptKey key,
      RouterTerms terms,
      TonAddress channel,
      InstantSource clock) {
    long longest = terms.maxVoucherSeconds();
    return VoucherBook.open(
        folder.voucherFile(),
        key,
        terms.networkId(),
        channel,
        new NanoTon(Long.MAX_VALUE),
        longest - Math.min(SPARE_SECONDS, longest / 10),
        clock);
  }
}
