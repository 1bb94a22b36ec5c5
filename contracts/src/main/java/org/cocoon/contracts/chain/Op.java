package org.cocoon.contracts.chain;

/** What a message asks for: the first 32 bits of its body (contracts/tolk/src/messages.tolk). */
public final class Op {
  /** A text comment: prepaid credit. */
  public static final int COMMENT = 0;

  public static final int DEPOSIT = 0xc0c00101;
  public static final int CLAIM = 0xc0c00103;
  public static final int WITHDRAW = 0xc0c00104;
  public static final int FINISH = 0xc0c00105;
  public static final int RELEASE = 0xc0c00106;
  public static final int ROUTER_CLOSE = 0xc0c00107;
  public static final int PAID_BACK = 0xc0c0010a;

  public static final int COLLECT = 0xc0c00201;
  public static final int REGISTER = 0xc0c00202;
  public static final int UNREGISTER = 0xc0c00203;

  public static final int STAKE = 0xc0c00301;
  public static final int COMMIT = 0xc0c00302;
  public static final int PAYOUT = 0xc0c00303;
  public static final int SLASH = 0xc0c00304;
  public static final int RETIRE = 0xc0c00305;
  public static final int UNSTAKE = 0xc0c00306;
  public static final int CLOSE_CHANNEL = 0xc0c00307;
  public static final int SWEEP = 0xc0c00308;
  public static final int EARNED = 0xc0c0030a;
  public static final int STAKE_BACK = 0xc0c0030b;

  public static final int ANNOUNCE = 0xc0c00401;
  public static final int APPLY = 0xc0c00402;
  public static final int CANCEL = 0xc0c00403;
  public static final int REVOKE = 0xc0c00404;
  public static final int TRANSFER = 0xc0c00405;
  public static final int ACCEPT = 0xc0c00406;
  public static final int TREASURY = 0xc0c00407;
  public static final int FINE = 0xc0c00408;

  /** TEP-74: what was too much. */
  public static final int EXCESSES = 0xd53276db;

  /** What the body of a message that came back begins with. */
  public static final int BOUNCED = 0xffffffff;

  private Op() {}
}
