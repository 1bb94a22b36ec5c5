package org.cocoon.router.settlement;

import java.util.Optional;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;

/** What a voucher must be to count. Pure; times in seconds since 1970. */
final class VoucherRules {
  private VoucherRules() {}

  /** What is wrong with a voucher for a channel, with a sentence; empty if it is good. */
  static Optional<VoucherOutcome.Refused> wrong(
      SettlementTerms terms,
      TonAddress channel,
      byte[] voucherKey,
      Voucher voucher,
      long nowSeconds) {
    if (voucher.networkId() != terms.networkId()) {
      return refused(
          SettlementRefusal.OTHER_NETWORK,
          "The voucher is for network %d; this router settles on network %d."
              .formatted(voucher.networkId(), terms.networkId()));
    }
    if (!voucher.contract().equals(channel)) {
      return refused(
          SettlementRefusal.OTHER_CONTRACT,
          "The voucher is for %s; the channel of this account is %s."
              .formatted(voucher.contract(), channel));
    }
    if (voucher.expires() < terms.earliestVoucherEnd(nowSeconds)) {
      return refused(
          SettlementRefusal.EXPIRED,
          "The voucher ends at %d; sign one that holds until %d or longer."
              .formatted(voucher.expires(), terms.earliestVoucherEnd(nowSeconds)));
    }
    if (voucher.expires() > nowSeconds + terms.maxVoucherSeconds()) {
      return refused(
          SettlementRefusal.ENDS_TOO_LATE,
          "The voucher ends at %d; sign one that ends by %d, a lost key is bad for that long."
              .formatted(voucher.expires(), nowSeconds + terms.maxVoucherSeconds()));
    }
    if (!voucher.isSignedBy(voucherKey)) {
      return refused(
          SettlementRefusal.BAD_SIGNATURE,
          "The voucher is not signed by the key that the channel was registered with.");
    }
    return Optional.empty();
  }

  private static Optional<VoucherOutcome.Refused> refused(
      SettlementRefusal reason, String sentence) {
    return Optional.of(new VoucherOutcome.Refused(reason, sentence));
  }
}
