package org.cocoon.devnet.tvm;

/** The emulator broke: it aborted, trapped or answered what it never should. */
public final class EmulatorException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what happened. */
  public EmulatorException(String message) {
    super(message);
  }

  /** Says what happened, and why. */
  public EmulatorException(String message, Throwable cause) {
    super(message, cause);
  }
}
