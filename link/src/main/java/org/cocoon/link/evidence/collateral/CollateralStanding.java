package org.cocoon.link.evidence.collateral;

import java.time.Instant;
import java.util.Optional;
import org.cocoon.link.evidence.PlatformName;

/**
 * How it stands with one family's collateral, for operators.
 *
 * @param family the platforms
 * @param issuedAt when the TCB info that is held was made; empty if nothing is held
 * @param validUntil first end among the parts that are held; empty if nothing is held
 * @param nextFetch when it is fetched again at the latest
 * @param lastError why the last fetch failed or gave something old; empty if it did not
 */
public record CollateralStanding(
    PlatformName family,
    Optional<Instant> issuedAt,
    Optional<Instant> validUntil,
    Instant nextFetch,
    Optional<String> lastError) {}
