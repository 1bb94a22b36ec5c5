package org.cocoon.devnet.chain;

import java.nio.file.Path;
import java.time.Clock;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * How a chain is set up.
 *
 * @param folder of its log; null: nothing is kept
 * @param seed of the faucet's key, 32 bytes; null: the stored one, or a new one by chance
 * @param blockSeconds between two blocks without transactions; 0: there are none of them
 * @param history most transactions that can be asked for
 * @param clock of the machine
 */
public record ChainOptions(
    @Nullable Path folder, byte @Nullable [] seed, int blockSeconds, int history, Clock clock) {
  static final int SEED_BYTES = 32;

  /** Checks the numbers. */
  public ChainOptions {
    if (seed != null && seed.length != SEED_BYTES) {
      throw new ChainException(Kind.WRONG, "a seed has 32 bytes, 64 hexadecimal digits");
    }
    if (blockSeconds < 0 || history < 1) {
      throw new ChainException(Kind.WRONG, "block seconds are 0 or more, history 1 or more");
    }
  }
}
