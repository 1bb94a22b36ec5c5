package org.cocoon.bench.oracle;

import java.time.Instant;
import org.cocoon.link.evidence.Collateral;

/**
 * One question to both verifiers.
 *
 * @param name what was changed, for people
 * @param quote as a peer would present it
 * @param collateral beside it
 * @param now the time of the check, in whole seconds
 * @param root DER of the root that is trusted
 */
record Case(String name, byte[] quote, Collateral collateral, Instant now, byte[] root) {
  Case with(String change, byte[] otherQuote) {
    return new Case(name + ": " + change, otherQuote, collateral, now, root);
  }

  Case with(String change, Collateral other) {
    return new Case(name + ": " + change, quote, other, now, root);
  }

  Case at(Instant other) {
    return new Case(name + ": at " + other, quote, collateral, other, root);
  }
}
