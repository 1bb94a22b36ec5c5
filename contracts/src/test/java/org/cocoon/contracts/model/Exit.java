package org.cocoon.contracts.model;

/** Exit codes of errors.tolk, and those of the TVM that occur. */
final class Exit {
  static final int OUT_OF_RANGE = 5;
  static final int TOO_SHORT = 9;
  static final int NOT_OWNER = 1001;
  static final int NOT_SETTLEMENT = 1002;
  static final int NOT_CHANNEL = 1003;
  static final int NOT_ADMIN = 1004;
  static final int VALUE_TOO_SMALL = 1010;
  static final int AMOUNT = 1011;
  static final int STATUS = 1012;
  static final int EXPIRED = 1013;
  static final int VOUCHER_SIGNATURE = 1020;
  static final int ROUTER_SIGNATURE = 1021;
  static final int ABOVE_VOUCHER = 1022;
  static final int NOTHING_TO_CLAIM = 1023;
  static final int TOO_EARLY = 1024;
  static final int CLAIM_FIRST = 1025;
  static final int EPOCH = 1030;
  static final int EARNED_TOO_LITTLE = 1031;
  static final int EARNED_TOO_MUCH = 1032;
  static final int PROOF = 1033;
  static final int BATCH = 1034;
  static final int NO_EQUIVOCATION = 1035;
  static final int CHANNELS_OPEN = 1036;
  static final int PAYEE = 1037;
  static final int NOTHING_PENDING = 1040;
  static final int DOCUMENT = 1041;
  static final int UNKNOWN_MESSAGE = 0xffff;

  private Exit() {}
}
