package org.cocoon.router.settlement;

import java.time.Duration;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.SettlementContract;

/**
 * How a router settles; each bound has a sensible value in {@link #of}.
 *
 * @param networkId TON's global id (-239 main, -3 test, -31337 devnet)
 * @param registry the network's root contract, which gets nine tenths of a slashed stake
 * @param feePermille the operator's part of each cost, 0 to 1000
 * @param stake that the settlement contract is deployed with, and the least that it accepts
 *     channels with
 * @param delay that a client's own withdrawal takes: the time in which the router can claim
 * @param epoch between two commitments
 * @param minClaim what makes a claim worth it
 * @param minCommit how much more must be earned than the epoch before said
 * @param minPayout what makes a payee worth a payout
 * @param minSweep what makes it worth to fetch what claims left in the settlement contract
 * @param voucherMargin for so long before its end a voucher gives no more credit
 * @param maxVoucher the longest that a voucher may hold
 * @param release how long the leave to withdraw holds
 * @param validity how long a message of the operator's wallet may take
 * @param poll between two looks at the chain
 */
public record SettlementOptions(
    int networkId,
    TonAddress registry,
    int feePermille,
    NanoTon stake,
    Duration delay,
    Duration epoch,
    NanoTon minClaim,
    NanoTon minCommit,
    NanoTon minPayout,
    NanoTon minSweep,
    Duration voucherMargin,
    Duration maxVoucher,
    Duration release,
    Duration validity,
    Duration poll) {
  /** What things are worth, in what they cost. */
  private static final int WORTH = 20;

  private static final long MAX_SECONDS = 0xffff_ffffL;

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public SettlementOptions {
    check("feePermille", feePermille >= 0 && feePermille <= 1000, "0 to 1000");
    check("stake", stake.nanos() > 0, "more than nothing");
    check("delay", delay.toSeconds() > 0 && delay.toSeconds() <= MAX_SECONDS, "1 s or more");
    check("epoch", epoch.isPositive(), "longer than nothing");
    check("minClaim", minClaim.nanos() > 0, "more than nothing");
    check("minCommit", minCommit.nanos() > 0, "more than nothing");
    check("minPayout", minPayout.nanos() > 0, "more than nothing");
    check("minSweep", minSweep.nanos() > 0, "more than nothing");
    check("voucherMargin", voucherMargin.toSeconds() > 0, "1 s or more");
    check(
        "maxVoucher",
        maxVoucher.compareTo(voucherMargin.multipliedBy(2)) > 0,
        "more than twice voucherMargin");
    check("release", release.toSeconds() > 0, "1 s or more");
    check("validity", validity.toSeconds() > 0, "1 s or more");
    check("poll", poll.isPositive(), "longer than nothing");
  }

  /**
   * The usual values: a fee of 5 %, a stake of 10 TON, a delay of a day, epochs of an hour; a
   * claim, an epoch or a payout is worth it when it moves twenty times what it costs.
   */
  public static SettlementOptions of(int networkId, TonAddress registry) {
    PayoutPlan payouts = PayoutPlan.MEASURED;
    return new SettlementOptions(
        networkId,
        registry,
        50,
        NanoTon.ofTon(10),
        Duration.ofDays(1),
        Duration.ofHours(1),
        new NanoTon(WORTH * CLAIM_NANOTON),
        new NanoTon(WORTH * COMMIT_NANOTON),
        new NanoTon(WORTH * (payouts.leafNanoton() + payouts.paymentNanoton())),
        NanoTon.ofTon(1),
        Duration.ofHours(2),
        Duration.ofDays(400),
        Duration.ofHours(1),
        Duration.ofMinutes(2),
        Duration.ofSeconds(2));
  }

  /** What a claim costs, and a commitment; measured in contracts/tolk/gas.json. */
  static final long CLAIM_NANOTON = 4_500_000;

  static final long COMMIT_NANOTON = 4_500_000;

  /** The same with other times, as tests and small networks need them. */
  public SettlementOptions withTimes(
      Duration newDelay, Duration newEpoch, Duration newMargin, Duration newPoll) {
    return new SettlementOptions(
        networkId,
        registry,
        feePermille,
        stake,
        newDelay,
        newEpoch,
        minClaim,
        minCommit,
        minPayout,
        minSweep,
        newMargin,
        maxVoucher,
        release,
        validity,
        newPoll);
  }

  /** The same with other bounds of what is worth it. */
  public SettlementOptions withWorth(NanoTon claim, NanoTon commit, NanoTon payout) {
    return new SettlementOptions(
        networkId,
        registry,
        feePermille,
        stake,
        delay,
        epoch,
        claim,
        commit,
        payout,
        minSweep,
        voucherMargin,
        maxVoucher,
        release,
        validity,
        poll);
  }

  /** The same with another fee and stake. */
  public SettlementOptions withMoney(int newFeePermille, NanoTon newStake) {
    return new SettlementOptions(
        networkId,
        registry,
        newFeePermille,
        newStake,
        delay,
        epoch,
        minClaim,
        minCommit,
        minPayout,
        minSweep,
        voucherMargin,
        maxVoucher,
        release,
        validity,
        poll);
  }

  /**
   * Where a router with this wallet and this key settles.
   *
   * @param operator wallet of the operator
   * @param routerKey Ed25519, 32 bytes
   */
  SettlementTerms terms(TonAddress operator, byte[] routerKey) {
    return new SettlementTerms(
        networkId,
        new SettlementContract.Terms(registry, operator, routerKey, delay.toSeconds(), stake),
        feePermille,
        voucherMargin.toSeconds(),
        maxVoucher.toSeconds());
  }

  ClaimPolicy claims() {
    return new ClaimPolicy(CLAIM_NANOTON, minClaim.nanos(), voucherMargin.toSeconds());
  }

  PayoutPlan payouts() {
    return PayoutPlan.MEASURED.withWorth(minPayout.nanos());
  }

  private static void check(String name, boolean right, String whatIsRight) {
    if (!right) {
      throw new IllegalArgumentException(name + ": " + whatIsRight);
    }
  }
}
