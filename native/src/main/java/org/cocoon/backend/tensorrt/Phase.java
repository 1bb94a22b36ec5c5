package org.cocoon.backend.tensorrt;

/** An optimisation profile of the engine; its number there is the ordinal here. */
enum Phase {
  /** Many sequences, one token each. */
  DECODE,
  /** One sequence, many tokens. */
  PREFILL
}
