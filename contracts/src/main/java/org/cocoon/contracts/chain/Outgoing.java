package org.cocoon.contracts.chain;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/**
 * A message that a wallet shall send. The fee for its way comes from the wallet's balance, not from
 * the value.
 *
 * @param to whom
 * @param value what it brings
 * @param body what it says
 * @param init deploys the contract at the address, if it is not there yet
 * @param bounce whether the value comes back if the contract refuses it: right for contracts that
 *     exist, wrong for wallets that were never used
 */
public record Outgoing(
    TonAddress to, NanoTon value, Cell body, Optional<StateInit> init, boolean bounce) {
  /** A message to a contract that exists. */
  public static Outgoing to(TonAddress to, NanoTon value, Cell body) {
    return new Outgoing(to, value, body, Optional.empty(), true);
  }

  /** A message that deploys a contract, if it is not there yet, and is its first. */
  public static Outgoing deploying(StateInit init, NanoTon value, Cell body) {
    return new Outgoing(init.address(), value, body, Optional.of(init), true);
  }

  /** A transfer to a wallet, which need not exist yet. */
  public static Outgoing transfer(TonAddress to, NanoTon value) {
    return new Outgoing(to, value, Cell.EMPTY, Optional.empty(), false);
  }
}
