package org.cocoon.link.evidence.snp;

import java.security.cert.X509Certificate;
import java.time.Instant;

/**
 * The step that holds a chain against AMD's revocation list of its product line.
 *
 * <p>{@link #NONE} says honestly that nothing was checked.
 */
@FunctionalInterface
public interface RevocationCheck {

  /** Consults nothing and says so. */
  RevocationCheck NONE = (product, signingKey, endorsementKey, now) -> new Outcome.NotChecked();

  /**
   * Checks one chain, whose signatures are good already.
   *
   * @param product whose root it ends in
   * @param signingKey ASK or ASVK
   * @param endorsementKey VCEK or VLEK
   * @param now the time of the check
   */
  Outcome check(
      Product product, X509Certificate signingKey, X509Certificate endorsementKey, Instant now);

  /** What the check found. */
  sealed interface Outcome {
    /** No list was consulted. */
    record NotChecked() implements Outcome {}

    /**
     * Neither key is on the list.
     *
     * @param validUntil the end of the list
     */
    record Good(Instant validUntil) implements Outcome {}

    /**
     * A key is revoked, or the list cannot be relied on.
     *
     * @param detail what was found
     */
    record Refused(String detail) implements Outcome {}
  }
}
