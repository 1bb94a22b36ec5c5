package org.cocoon.link.evidence;

import java.time.Instant;

/**
 * The step that holds a platform against its maker's collateral: revocation lists, TCB levels,
 * identity of the quoting enclave and of the TDX module.
 *
 * <p>It runs after the signatures and before the verdict. {@link #NONE} says honestly that nothing
 * was checked; a policy that requires collateral refuses that.
 */
@FunctionalInterface
public interface CollateralCheck {

  /** Checks nothing and says so. */
  CollateralCheck NONE = (quote, platform, now) -> new Outcome.NotChecked();

  /**
   * Checks one platform.
   *
   * @param quote its signatures are good already
   * @param platform what its certificate says of it
   * @param now the time of the check
   */
  Outcome check(TdxQuote.Parsed quote, PckExtension platform, Instant now);

  /** What the check found. */
  sealed interface Outcome {
    /** An outcome with which evidence can be trusted. */
    sealed interface Passed extends Outcome {}

    /** Nothing was checked. */
    record NotChecked() implements Passed {}

    /**
     * The platform is good by its collateral.
     *
     * @param status the maker's word, for example "UpToDate"
     * @param validUntil first end of what was consulted
     */
    record Current(String status, Instant validUntil) implements Passed {}

    /**
     * The platform is refused.
     *
     * @param detail what was found and what would be right
     */
    record Refused(String detail) implements Outcome {}
  }
}
