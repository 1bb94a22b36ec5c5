package org.cocoon.client.account;

/** What the contracts' exit codes mean (contracts/tolk/src/errors.tolk). */
final class ExitCodes {
  private ExitCodes() {}

  static String word(int code) {
    return switch (code) {
      case 1001 -> "only the owner may do this";
      case 1002 -> "only the settlement contract may do this";
      case 1003 -> "the sender is not the channel that it names";
      case 1010 -> "too little came for amount and fees";
      case 1011 -> "an amount is zero or out of its range";
      case 1012 -> "not possible in this state";
      case 1013 -> "the statement's time is over";
      case 1020 -> "the client did not sign this voucher";
      case 1021 -> "the router did not sign this";
      case 1023 -> "nothing is left to take";
      case 1024 -> "the delay is not over";
      case 1025 -> "the router's last charge has not arrived";
      default -> "see contracts/tolk/src/errors.tolk";
    };
  }
}
