package org.cocoon.contracts.tool;

import java.io.Serial;

/** Why a command ends without what it was asked for; the message is a sentence for a person. */
final class ToolException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  /** The chain says no, or the contract did. */
  static final int REFUSED = 1;

  /** The command cannot mean this. */
  static final int USAGE = 2;

  /** Nobody answers. */
  static final int UNREACHABLE = 3;

  /** Answers contradict each other: nothing can be believed. */
  static final int INCONSISTENT = 4;

  /** It was sent, and what became of it is not known yet. */
  static final int UNDECIDED = 5;

  private final int exitCode;

  ToolException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
