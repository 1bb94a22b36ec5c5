package org.cocoon.router.settlement;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;

/**
 * What an account has on the chain, as far as this router has followed it.
 *
 * @param terms where this router settles; empty if it does not, then the rest is too
 * @param comment for a transfer to the settlement contract, to become prepaid credit
 * @param minimumPrepayment the smallest transfer with a comment that makes sense: five times what
 *     the contract keeps of it for gas
 * @param prepaid by transfers with a comment, refunds taken off
 * @param refundable of it: what is neither spent nor reserved
 * @param channel of the account
 */
public record AccountView(
    Optional<SettlementTerms> terms,
    String comment,
    NanoTon minimumPrepayment,
    NanoTon prepaid,
    NanoTon refundable,
    Optional<Channel> channel) {
  /** Of a router that does not settle. */
  public static final AccountView NONE =
      new AccountView(
          Optional.empty(), "", NanoTon.ZERO, NanoTon.ZERO, NanoTon.ZERO, Optional.empty());

  /**
   * A channel. Amounts are cumulative over its life where nothing else is said.
   *
   * @param address of its contract
   * @param owner of it
   * @param voucherKey Ed25519, 32 bytes
   * @param status as of the last transaction that was read
   * @param deposited by the owner
   * @param claimed by the router
   * @param withdrawn by the owner
   * @param pending that the owner asked the contract for
   * @param unlockAt from when on the contract gives it, in seconds since 1970; 0: nothing was asked
   * @param ceiling of the best voucher
   * @param voucherExpires when it ends, in seconds since 1970
   * @param credit that the channel gives: what deposit and voucher both cover
   * @param due to the router of it, claimed or not
   * @param withdrawable of it now, with the router's leave
   * @param withdrawal that the router was asked for and that is not over
   */
  public record Channel(
      TonAddress address,
      TonAddress owner,
      byte[] voucherKey,
      ChannelContract.Status status,
      NanoTon deposited,
      NanoTon claimed,
      NanoTon withdrawn,
      NanoTon pending,
      long unlockAt,
      NanoTon ceiling,
      long voucherExpires,
      NanoTon credit,
      NanoTon due,
      NanoTon withdrawable,
      Optional<WithdrawalOutcome> withdrawal) {}
}
