package org.cocoon.devnet.tvm;

/** A C++ exception on its way from a throw to a catch inside the emulator. */
final class CppException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Without a stack trace: what was thrown stands in the emulator's memory. */
  CppException() {
    super("a C++ exception", null, false, false);
  }
}
