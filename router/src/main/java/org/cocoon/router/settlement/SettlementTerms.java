package org.cocoon.router.settlement;

import java.util.HexFormat;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.SettlementContract;

/**
 * Where a router settles.
 *
 * @param networkId TON's global id (-239 main, -3 test, -31337 devnet)
 * @param contract what its settlement contract is deployed with; the address follows from it
 * @param feePermille the router's part of each cost
 * @param voucherMarginSeconds for so long before its end a voucher gives no more credit: the router
 *     claims in that time
 * @param maxVoucherSeconds the longest that a voucher may hold from now
 */
public record SettlementTerms(
    int networkId,
    SettlementContract.Terms contract,
    int feePermille,
    long voucherMarginSeconds,
    long maxVoucherSeconds) {
  /** What a transfer's comment begins with that an account is credited for. */
  public static final String COMMENT = "cocoon:";

  /** The prices that values to attach are computed with. */
  public static final FeeSchedule FEES = FeeSchedule.BASECHAIN;

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public SettlementTerms {
    if (feePermille < 0 || feePermille > 1000) {
      throw new IllegalArgumentException("feePermille: 0 to 1000, not " + feePermille);
    }
    if (voucherMarginSeconds < 1 || maxVoucherSeconds <= 2 * voucherMarginSeconds) {
      throw new IllegalArgumentException(
          "voucherMarginSeconds: more than nothing, and less than half of maxVoucherSeconds");
    }
  }

  /** The settlement contract. */
  public TonAddress address() {
    return SettlementContract.address(contract);
  }

  /** The channel of a client. */
  public TonAddress channel(TonAddress owner, byte[] voucherKey) {
    return ChannelContract.address(SettlementContract.channelTerms(contract, owner, voucherKey));
  }

  /** The comment by which a transfer to the settlement contract is an account's credit. */
  public String comment(long accountId) {
    return COMMENT + accountId;
  }

  /** The earliest end that a voucher must have that comes at this time, in seconds since 1970. */
  public long earliestVoucherEnd(long nowSeconds) {
    return nowSeconds + 2 * voucherMarginSeconds;
  }

  /** What of a transfer with a comment the contract keeps for gas. */
  public NanoTon prepaymentFee() {
    return FEES.prepay(NanoTon.ZERO);
  }

  @Override
  public String toString() {
    return "%s on network %d, router key %s"
        .formatted(address(), networkId, HexFormat.of().formatHex(contract.routerKey()));
  }
}
