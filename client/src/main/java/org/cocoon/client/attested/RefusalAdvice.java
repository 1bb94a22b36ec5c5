package org.cocoon.client.attested;

/** What a person can do about evidence that is refused. */
final class RefusalAdvice {
  private RefusalAdvice() {}

  /** One or two sentences; for a constant's name of the verifier's reasons. */
  static String on(String reason) {
    return switch (reason) {
      case "SIMULATED_NOT_ALLOWED" ->
          "A simulated TEE protects nothing: use a router on TDX hardware, or, for a trial"
              + " without secrets, the policy of that simulated network.";
      case "UNTRUSTED_ROOT" ->
          "Its evidence was not signed by hardware that the policy trusts: use another router, or"
              + " the policy that belongs to this network.";
      case "IMAGE_NOT_ALLOWED" ->
          "It runs a program that your policy does not list: get the network's current policy, or"
              + " use another router.";
      case "COLLATERAL_MISSING" ->
          "The policy wants the platform checked against Intel's collateral: say where that is"
              + " with --collateral.";
      case "COLLATERAL_REFUSED" ->
          "Its platform is out of date or revoked, or the collateral is old: refresh the"
              + " collateral, or use another router.";
      case "NOT_VALID_NOW", "STALE_CLAIMS", "CHAIN_NOT_VALID_NOW" ->
          "Check the clock of this machine; if it is right, the other end has to renew its"
              + " certificate.";
      default -> "Use another router, and tell the operator of this one.";
    };
  }
}
