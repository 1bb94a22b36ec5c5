package org.cocoon.router.settlement;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Release;

/** How far a withdrawal is. */
public sealed interface WithdrawalOutcome {
  /**
   * The router claims what it is owed first; ask again in some seconds.
   *
   * @param amount that was taken off the account by now
   */
  record Claiming(NanoTon amount) implements WithdrawalOutcome {}

  /**
   * The owner can send this to the channel until it expires.
   *
   * @param release the router's leave
   * @param amount that the owner gets by it; of a closing: the least
   * @param value to attach, most of which comes back
   */
  record Released(Release release, NanoTon amount, NanoTon value) implements WithdrawalOutcome {}

  /**
   * The address will be paid with the next epoch.
   *
   * @param amount that was taken off the account
   * @param nextEpochSeconds when that is at the earliest, since 1970
   */
  record Refunded(NanoTon amount, long nextEpochSeconds) implements WithdrawalOutcome {}

  /** Nothing was taken off. */
  record Refused(SettlementRefusal reason, String sentence) implements WithdrawalOutcome {}
}
