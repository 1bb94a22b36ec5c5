package org.cocoon.devnet.chain;

/** A request that the chain refuses; the message is a sentence that says why. */
public final class ChainException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Whose fault it is. */
  public enum Kind {
    /** What was asked is wrong. */
    WRONG,
    /** What was asked for is not there. */
    MISSING,
    /** A contract did not accept an external message. */
    REFUSED,
    /** The chain has too much to do, or was told to refuse. */
    BUSY,
    /** The chain's data or emulator is broken. */
    BROKEN
  }

  private final Kind kind;

  /** Says why. */
  public ChainException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** Says why, and what led to it. */
  public ChainException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Whose fault it is. */
  public Kind kind() {
    return kind;
  }
}
