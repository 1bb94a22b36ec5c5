package org.cocoon.backend;

/** A backend that could not be opened or that failed; the message is a sentence for an operator. */
public final class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one from a sentence that says what failed and what to do. */
  public BackendException(String message) {
    super(message);
  }

  /** Makes one from a sentence and what caused it. */
  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
