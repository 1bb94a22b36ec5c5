package org.cocoon.contracts.chain;

import java.io.Serial;

/** The network did not do or say what was asked; the message is a sentence for an operator. */
public final class ChainException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final Kind kind;

  /** What is wrong, as far as a caller cares. */
  public enum Kind {
    /** No endpoint answers, after all retries: try later. */
    UNREACHABLE,
    /** The network refuses this very request: trying again does not help. */
    REJECTED,
    /** An answer contradicts itself, an earlier one, or another endpoint: believe nothing. */
    INCONSISTENT
  }

  /** A failure without a cause. */
  public ChainException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** A failure with its cause. */
  public ChainException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What is wrong. */
  public Kind kind() {
    return kind;
  }
}
