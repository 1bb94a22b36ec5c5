package org.cocoon.backend.tensorrt;

/** An optimisation profile of the engine. */
enum Phase {
  /** Many sequences, one token each. */
  DECODE(0),
  /** One sequence, many tokens. */
  PREFILL(1);

  private final int profile;

  Phase(int profile) {
    this.profile = profile;
  }

  /** The profile's number in the engine. */
  int profile() {
    return profile;
  }
}
