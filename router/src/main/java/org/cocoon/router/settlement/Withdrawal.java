package org.cocoon.router.settlement;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/** How an account's holder wants money back. */
public sealed interface Withdrawal {
  /**
   * From the channel to its owner, with the router's {@link org.cocoon.contracts.Release}.
   *
   * @param amount more than nothing; empty: all that is not spent or reserved
   */
  record FromChannel(Optional<NanoTon> amount) implements Withdrawal {}

  /** Everything in the channel to its owner, and the channel closes. */
  record CloseChannel() implements Withdrawal {}

  /**
   * Prepaid credit, with the next epoch's payout.
   *
   * @param amount more than nothing; empty: all that is not spent or reserved
   * @param to whom; an address that earned before is paid what it earned and this together
   * @param reference of the caller, 1 to 64 characters: the same one again does nothing more
   */
  record Refund(Optional<NanoTon> amount, TonAddress to, String reference) implements Withdrawal {}
}
