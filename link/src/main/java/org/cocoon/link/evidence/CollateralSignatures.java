package org.cocoon.link.evidence;

import java.util.Optional;
import java.util.Set;

/**
 * Whether collateral is its maker's, for whoever keeps it: form and signatures, whatever the time
 * and the platform.
 */
public final class CollateralSignatures {
  private CollateralSignatures() {}

  /**
   * Checks every signature; takes six ECDSA verifications, about two milliseconds.
   *
   * @param roots accepted roots: SHA-256 of their DER, as a policy lists them
   * @return why the collateral is not to be kept; empty if it is genuine
   */
  public static Optional<Verdict.Rejected> refusal(Collateral collateral, Set<String> roots) {
    try {
      CheckedCollateral _ = CheckedCollateral.of(collateral);
      String root =
          PckChain.hash(
              ChainRules.COLLATERAL.read(collateral.pckCrlIssuerChain(), 2).getLast().x509());
      if (!roots.contains(root)) {
        throw new EvidenceRefusedException(
            Verdict.Reason.COLLATERAL_ROOT, "the collateral is under root " + root);
      }
      return Optional.empty();
    } catch (EvidenceRefusedException e) {
      return Optional.of(e.verdict());
    }
  }
}
