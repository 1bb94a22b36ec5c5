package org.cocoon.link.evidence.simulated;

import java.util.Optional;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;

/**
 * A source that has the same collateral for every platform.
 *
 * @param collateral what it gives
 */
public record FixedCollateral(Collateral collateral) implements CollateralSource {
  @Override
  public Optional<Collateral> collateral(String fmspc, CaType ca) {
    return Optional.of(collateral);
  }

  @Override
  public long version() {
    return 1;
  }
}
