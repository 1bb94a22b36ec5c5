package org.cocoon.link.tls;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.collateral.CollateralStanding;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a program's log says of its collateral, one line for each event. */
public final class CollateralLog implements CollateralFeed.Listener {
  private static final Logger log = LoggerFactory.getLogger(CollateralLog.class);

  private final InstantSource clock;
  private final Runnable changed;

  /**
   * Makes one.
   *
   * @param changed is run after each change, on the thread that fetched; must not block
   */
  public CollateralLog(InstantSource clock, Runnable changed) {
    this.clock = clock;
    this.changed = changed;
  }

  @Override
  public void changed(CollateralStanding standing) {
    log.info(
        "event=collateral_in_force platform={} issued={} until={}",
        standing.family(),
        standing.issuedAt().map(Instant::toString).orElse("unknown"),
        standing.validUntil().map(Instant::toString).orElse("unknown"));
    changed.run();
  }

  @Override
  public void problem(String sentence, Optional<Instant> heldUntil) {
    if (heldUntil.filter(clock.instant()::isBefore).isPresent()) {
      log.warn("event=collateral_problem held_until={} detail=\"{}\"", heldUntil.get(), sentence);
    } else {
      log.error(
          "event=collateral_problem held_until={} detail=\"{}\" hint=\"a policy that requires collateral refuses these platforms until it comes\"",
          heldUntil.map(Instant::toString).orElse("nothing_held"),
          sentence);
    }
  }

  /** Says what to do where a policy requires collateral and the operator named no place for it. */
  public static void warnIfMissing(CollateralFeed feed, Policy policy) {
    if (policy.collateralRequired() && !feed.given()) {
      log.error(
          "event=collateral_not_given hint=\"the policy requires collateral and refuses every peer: start with --collateral URL|FOLDER|FILE\"");
    }
  }
}
