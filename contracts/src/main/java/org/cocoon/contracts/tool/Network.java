package org.cocoon.contracts.tool;

/** Which network is meant. */
enum Network {
  /** Toncoin with value. */
  MAINNET(-239),
  /** The public network for tests. */
  TESTNET(-3),
  /** One node on this machine. */
  DEVNET(-31337);

  private final int id;

  Network(int id) {
    this.id = id;
  }

  /** TON's global id. */
  int id() {
    return id;
  }

  boolean isReal() {
    return this == MAINNET;
  }
}
