package org.cocoon.link.evidence;

/** Ends a parse inside this package; {@link TdxQuote#parse} turns it into a value. */
final class MalformedQuoteException extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedQuoteException(String reason) {
    super(reason, null, false, false);
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}
