package org.cocoon.router.settlement;

/** Why something about money on the chain was refused; a sentence comes with each. */
public enum SettlementRefusal {
  /** This router does not settle on a chain. */
  NO_SETTLEMENT,
  /** The statement is for another network. */
  OTHER_NETWORK,
  /** The statement is for another contract. */
  OTHER_CONTRACT,
  /** The key that should have signed did not. */
  BAD_SIGNATURE,
  /** Its end is over or too near. */
  EXPIRED,
  /** Its end is too far away. */
  ENDS_TOO_LATE,
  /** The account has no channel. */
  NO_CHANNEL,
  /** The account has another channel. */
  OTHER_CHANNEL,
  /** The channel is another account's. */
  TAKEN,
  /** More than there is, or nothing. */
  AMOUNT,
  /** Not possible as the channel stands, or while another withdrawal runs. */
  STATE
}
