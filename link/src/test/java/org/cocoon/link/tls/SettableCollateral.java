package org.cocoon.link.tls;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;

/** One collateral for every platform, until a test sets another. */
final class SettableCollateral implements CollateralSource {
  private record Held(Collateral collateral, long version) {}

  private final AtomicReference<Held> held;

  SettableCollateral(Collateral first) {
    held = new AtomicReference<>(new Held(first, 1));
  }

  void set(Collateral next) {
    held.updateAndGet(old -> new Held(next, old.version() + 1));
  }

  @Override
  public Optional<Collateral> collateral(String fmspc, CaType ca) {
    return Optional.of(held.get().collateral());
  }

  @Override
  public long version() {
    return held.get().version();
  }
}
