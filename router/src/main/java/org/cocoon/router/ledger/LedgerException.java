package org.cocoon.router.ledger;

/** The ledger cannot do what was asked; the message says why in one sentence, without secrets. */
public final class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says in a sentence what is wrong. */
  public LedgerException(String message) {
    super(message);
  }

  LedgerException(String message, Throwable cause) {
    super(message, cause);
  }
}
