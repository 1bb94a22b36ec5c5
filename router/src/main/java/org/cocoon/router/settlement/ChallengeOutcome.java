package org.cocoon.router.settlement;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/** What a commitment that somebody shows means. */
public sealed interface ChallengeOutcome {
  /** It is this router's own. */
  record Same() implements ChallengeOutcome {}

  /** This router's key did not sign it for its contract, or the epoch is not there yet. */
  record NotOurs(String sentence) implements ChallengeOutcome {}

  /**
   * The key signed two different ones for one epoch. The router has stopped to settle; anybody may
   * send the proof.
   *
   * @param contract to send it to
   * @param value to attach
   * @param body both commitments
   */
  record Contradiction(TonAddress contract, NanoTon value, Cell body) implements ChallengeOutcome {}
}
