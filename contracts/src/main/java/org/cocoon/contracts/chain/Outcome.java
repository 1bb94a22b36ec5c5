package org.cocoon.contracts.chain;

/** How a transaction ended. */
public sealed interface Outcome {
  /**
   * Code ran, and what it asked for was done.
   *
   * @param skippedActions messages that were not sent, without an error, because the sender asked
   *     for it (mode +2): what a wallet cannot pay for
   */
  record Succeeded(int skippedActions) implements Outcome {}

  /**
   * Code refused: nothing has changed, and the message's value went back if it was to bounce.
   *
   * @param exitCode contracts/tolk/src/errors.tolk has Cocoon's own
   */
  record Refused(int exitCode) implements Outcome {}

  /**
   * Code ran, and what it asked for could not be done: nothing has changed.
   *
   * @param resultCode 37: not enough Toncoin; others are in TON's documentation of the action phase
   */
  record ActionsFailed(int resultCode) implements Outcome {}

  /**
   * No code ran; the message's value was taken, unless it was to bounce.
   *
   * @param reason why
   */
  record Skipped(Reason reason) implements Outcome {}

  /** Why no code ran. */
  enum Reason {
    /** The account has no code: a plain transfer to a wallet that was never used. */
    NO_STATE,
    /** The message's code is not that of the account's address. */
    BAD_STATE,
    /** The value pays for no gas. */
    NO_GAS,
    /** The account is suspended. */
    SUSPENDED,
    /** The network made the transaction for itself, not for a message. */
    SERVICE
  }
}
