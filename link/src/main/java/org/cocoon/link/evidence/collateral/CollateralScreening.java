package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.time.Instant;
import org.cocoon.link.evidence.Collateral;

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
  void require(Collateral collateral, Instant now) throws IOException;
}
