package org.cocoon.contracts.chain;

import java.util.List;
import org.cocoon.contracts.TonAddress;

/**
 * A TON network as seen through somebody's interface. Methods block; meant for virtual threads. Any
 * thread.
 */
public interface Chain {
  /** TON's global id of the network (-239 main, -3 test, -31337 devnet). */
  int networkId();

  /** The newest block of the masterchain; it never goes back. */
  Head head() throws ChainException;

  /** An account as it is now. */
  AccountState account(TonAddress address) throws ChainException;

  /**
   * An account's transactions after one, oldest first and without a gap: each is linked to the one
   * before it, and the newest to the account's state.
   *
   * @param afterLt logical time of the last one that is known; 0: from the first
   * @param limit the most that are returned, from the oldest
   */
  List<ChainTransaction> transactions(TonAddress address, long afterLt, int limit)
      throws ChainException;

  /** Runs a get-method on an account's newest state. */
  StackResult run(TonAddress address, String method, StackValue... arguments) throws ChainException;

  /**
   * Hands in an external message. That it returns says nothing about whether the message ever
   * arrives: see {@link Wallet#await}.
   *
   * @param externalBoc a bag of cells
   */
  void send(byte[] externalBoc) throws ChainException;
}
