package org.cocoon.devnet.tvm;

/** What came of a message. */
public sealed interface Execution {
  /**
   * A transaction, be it that the contract failed.
   *
   * @param transaction in base64
   * @param shardAccount the account after it, in base64
   */
  record Done(String transaction, String shardAccount) implements Execution {}

  /**
   * No transaction: an external message that the contract did not accept.
   *
   * @param error what the emulator says
   * @param exitCode of the run; 0 if there was none
   */
  record Refused(String error, int exitCode) implements Execution {}
}
