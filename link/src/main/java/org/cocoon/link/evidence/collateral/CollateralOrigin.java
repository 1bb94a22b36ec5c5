package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;

/** A place from which collateral is fetched: a caching server, a folder, a bundle. */
@FunctionalInterface
public interface CollateralOrigin {

  /**
   * Fetches everything that is published about one family of platforms, unverified.
   *
   * <p>Blocks for a bounded time: call it on a virtual thread.
   *
   * @throws IOException a sentence for operators that names the place and what is wrong with it
   */
  Collateral fetch(PlatformName family) throws IOException;
}
