package org.cocoon.link.evidence;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps what came of checking the signatures over collateral, one object for each platform, until
 * the source gives another object.
 */
final class CollateralShelf {
  /** Intel has some dozens of kinds of platforms; past this many, all are checked anew. */
  private static final int MAX_PLATFORMS = 256;

  private final CollateralSource source;
  private final Map<PlatformName, Shelved> shelf = new ConcurrentHashMap<>();

  /**
   * One outcome.
   *
   * @param collateral what was checked
   * @param checked what came of it, unless it is refused
   * @param refusal why it is refused
   */
  private record Shelved(
      Collateral collateral,
      Optional<CheckedCollateral> checked,
      Optional<EvidenceRefusedException> refusal) {}

  CollateralShelf(CollateralSource source) {
    this.source = source;
  }

  /** The source's version. */
  long version() {
    return source.version();
  }

  /** The collateral of a platform, its signatures checked, if the source has any. */
  Optional<CheckedCollateral> of(PlatformName platform) throws EvidenceRefusedException {
    Optional<Collateral> found = source.collateral(platform.fmspc(), platform.ca());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Shelved shelved = shelf.get(platform);
    // Equal only where the arrays are the same objects, so this never compares their content.
    if (shelved == null || !shelved.collateral().equals(found.get())) {
      shelved = check(found.get());
      if (shelf.size() >= MAX_PLATFORMS) {
        shelf.clear();
      }
      shelf.put(platform, shelved);
    }
    if (shelved.refusal().isPresent()) {
      throw shelved.refusal().get();
    }
    return shelved.checked();
  }

  private static Shelved check(Collateral collateral) {
    try {
      return new Shelved(
          collateral, Optional.of(CheckedCollateral.of(collateral)), Optional.empty());
    } catch (EvidenceRefusedException e) {
      return new Shelved(collateral, Optional.empty(), Optional.of(e));
    }
  }
}
