package org.cocoon.client.pay;

import org.cocoon.contracts.Receipt;

/** What became of a receipt's check. */
public sealed interface ReceiptVerdict {
  /** Everything that was asked for holds. */
  record Holds(Receipt receipt) implements ReceiptVerdict {}

  /**
   * It must not be believed.
   *
   * @param reason for programs
   * @param sentence for people
   */
  record Refused(Reason reason, String sentence) implements ReceiptVerdict {}

  /** Why a receipt is refused. */
  enum Reason {
    /** Not a receipt, or not the one spelling of it. */
    MALFORMED,
    /** The key that it names did not sign this. */
    SIGNATURE,
    /** More was charged than tokens, prices and coefficient make. */
    OVERCHARGED,
    /** Signed by another router than the one that was asked. */
    OTHER_ROUTER,
    /** Of another request. */
    OTHER_REQUEST,
    /** Settled on another network, or by another contract, than was agreed. */
    OTHER_SETTLEMENT,
    /** At another price, or a higher coefficient, than was agreed. */
    OTHER_PRICE,
    /** For other tokens than came. */
    OTHER_TOKENS
  }
}
