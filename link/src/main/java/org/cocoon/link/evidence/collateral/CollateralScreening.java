package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSignatures;
import org.cocoon.link.evidence.Verdict;

/**
 * Decides whether collateral may be held at all: whether its maker signed every part.
 *
 * <p>Without it, a server could invent an issue of a later date, and the genuine ones would then
 * look old for ever. Dates are left to each check of evidence.
 */
@FunctionalInterface
public interface CollateralScreening {

  /**
   * Requires good signatures under an accepted root.
   *
   * @throws IOException a sentence that names the part and what is wrong with it
   */
  void require(Collateral collateral) throws IOException;

  /**
   * Requires that everything is signed under one of these roots, as a policy lists them; they are
   * asked for each time, since a policy can change.
   */
  static CollateralScreening under(Supplier<Set<String>> roots) {
    return collateral -> {
      Optional<Verdict.Rejected> refusal = CollateralSignatures.refusal(collateral, roots.get());
      if (refusal.isPresent()) {
        throw new IOException(refusal.get().reason() + ", " + refusal.get().detail());
      }
    };
  }
}
