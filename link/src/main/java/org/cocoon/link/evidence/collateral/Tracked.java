package org.cocoon.link.evidence.collateral;

import java.time.Instant;
import java.util.Optional;
import org.cocoon.link.evidence.PlatformName;

/**
 * One family that a {@link RefreshingCollateral} looks after.
 *
 * <p>What is held and when it was last asked for are read without the lock; everything else belongs
 * to the lock of its owner.
 */
final class Tracked {
  final PlatformName family;
  volatile Optional<Held> held = Optional.empty();
  volatile Instant askedAt;

  Instant fetchAt;
  boolean fetching;
  boolean onceMore;
  boolean pinned;
  int failures;
  Optional<String> lastError = Optional.empty();

  Tracked(PlatformName family, Instant now) {
    this.family = family;
    this.askedAt = now;
    this.fetchAt = now;
  }

  CollateralStanding standing() {
    return new CollateralStanding(
        family,
        held.map(h -> h.edition().tcbInfo().issuedAt()),
        held.map(h -> h.edition().validUntil()),
        fetchAt,
        lastError);
  }
}
