package org.cocoon.devnet.cell;

/** Bytes or bits that are not what they should be. The message is a sentence. */
public final class CellException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what is wrong. */
  public CellException(String message) {
    super(message);
  }
}
