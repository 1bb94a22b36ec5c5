package org.cocoon.router.settlement;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/** What became of a channel's registration. */
public sealed interface ChannelOutcome {
  /**
   * It is the account's: deposits are credited up to the voucher as soon as the chain shows them.
   *
   * @param address where to deposit
   * @param credit that it gives by now
   */
  record Opened(TonAddress address, NanoTon credit) implements ChannelOutcome {}

  /** It was not registered. */
  record Refused(SettlementRefusal reason, String sentence) implements ChannelOutcome {}
}
