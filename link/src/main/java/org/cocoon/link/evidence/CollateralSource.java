package org.cocoon.link.evidence;

import java.time.Duration;
import java.util.Optional;

/**
 * Where the verifier finds the collateral of a platform: what is at hand, fetched beforehand.
 *
 * <p>Both of its questions are asked on every check, by many threads, and never block: a source
 * that fetches does so on its own time and gives what it has. It gives the same object for as long
 * as nothing newer came, since signatures over collateral are checked once for each object.
 */
public interface CollateralSource {

  /** Has none; a policy that requires collateral refuses everything with it. */
  CollateralSource NONE =
      new CollateralSource() {
        @Override
        public Optional<Collateral> collateral(String fmspc, CaType ca) {
          return Optional.empty();
        }

        @Override
        public long version() {
          return 0;
        }
      };

  /**
   * The collateral of one kind of platform, if it is here; whether it is current is for the
   * verifier to say.
   *
   * @param fmspc 12 lower-case hexadecimal digits
   * @param ca whose revocation list it must hold
   */
  Optional<Collateral> collateral(String fmspc, CaType ca);

  /** Differs whenever some answer of {@link #collateral} may differ; names it in cache keys. */
  long version();

  /**
   * The same collateral for threads that may block: a handshake would rather wait for the first
   * fetch of a platform's collateral than refuse it. A source that has all it will ever have is the
   * same.
   */
  default CollateralSource waitingAtMost(Duration wait) {
    return this;
  }
}
