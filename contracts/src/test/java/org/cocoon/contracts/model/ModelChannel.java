package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.ModelAccount.big;
import static org.cocoon.contracts.model.Outcome.accepted;
import static org.cocoon.contracts.model.Outcome.refused;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.TonAddress;

/**
 * One client's deposit with one router.
 *
 * <pre>
 * NEW --deposit--> OPEN --withdraw all, router's close, release--> CLOSING --finish--> CLOSED
 *                    \---------------registration refused---------------------------->/
 * CLOSED --deposit--> OPEN
 * </pre>
 */
final class ModelChannel implements ModelAccount {
  /** Where in its life it is, with the contract's number for it. */
  enum Phase {
    NEW(0),
    OPEN(1),
    CLOSING(2),
    CLOSED(3);

    final int code;

    Phase(int code) {
      this.code = code;
    }
  }

  /** What its address is made of. */
  record Terms(
      TonAddress address,
      TonAddress settlement,
      TonAddress owner,
      String voucherKey,
      String routerKey,
      long delay) {}

  final Terms terms;
  Phase phase = Phase.NEW;
  long deposited;
  long claimed;
  long withdrawn;
  long pending;
  long unlockAt;

  ModelChannel(Terms terms) {
    this.terms = terms;
  }

  ModelChannel copy() {
    ModelChannel copy = new ModelChannel(terms);
    copy.phase = phase;
    copy.deposited = deposited;
    copy.claimed = claimed;
    copy.withdrawn = withdrawn;
    copy.pending = pending;
    copy.unlockAt = unlockAt;
    return copy;
  }

  long locked() {
    return deposited - claimed - withdrawn;
  }

  boolean isOpen() {
    return phase == Phase.OPEN || phase == Phase.CLOSING;
  }

  @Override
  public Outcome receive(Arrival in) {
    return switch (in.message().body()) {
      case Body.Deposit body -> deposit(in, body.amount());
      case Body.Claim body -> claim(in, body);
      case Body.Withdraw body -> withdraw(in, body.amount());
      case Body.Finish _ -> finish(in);
      case Body.Release body -> release(in, body);
      case Body.RouterClose _ -> routerClose(in);
      case Body.Bounced body -> bounced(in, body);
      case Body.Empty _ -> accepted();
      default -> refused(Exit.UNKNOWN_MESSAGE);
    };
  }

  /** What a deposit must bring, besides itself, beyond its own gas where it opens the channel. */
  static long registration() {
    return Fees.gas(Fees.REGISTER + Fees.BOUNCE) + 2 * Fees.MESSAGE;
  }

  boolean opensWithDeposit() {
    return phase == Phase.NEW || phase == Phase.CLOSED;
  }

  /** The least value of a deposit on top of this balance. */
  BigInteger depositValue(BigInteger amount, BigInteger before) {
    long needed = Fees.gas(Fees.DEPOSIT) + Fees.MESSAGE;
    if (opensWithDeposit()) {
      needed += registration() + Fees.MESSAGE;
    }
    return kept(amount, before).subtract(before).add(big(needed));
  }

  private BigInteger kept(BigInteger amount, BigInteger before) {
    return before.add(amount).max(big(locked()).add(amount).add(big(Fees.CHANNEL_RESERVE)));
  }

  private Outcome deposit(Arrival in, BigInteger amount) {
    if (amount.signum() == 0 || big(deposited).add(amount).compareTo(MAX_AMOUNT) > 0) {
      return refused(Exit.AMOUNT);
    }
    if (in.value().compareTo(depositValue(amount, in.before())) < 0) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    List<Outcome.Sending> sendings = new ArrayList<>();
    if (opensWithDeposit()) {
      phase = Phase.OPEN;
      pending = 0;
      unlockAt = 0;
      sendings.add(
          Outcome.exactly(
              terms.settlement,
              big(registration()),
              new Body.Register(terms.owner, terms.voucherKey),
              true));
    }
    BigInteger kept = kept(amount, in.before());
    sendings.add(Outcome.allBut(in.message().from(), kept, new Body.Excesses(), false));
    deposited += amount.longValueExact();
    return new Outcome.Accepted(sendings);
  }

  private Outcome claim(Arrival in, Body.Claim claim) {
    if (!isOpen()) {
      return refused(Exit.STATUS);
    }
    if (in.isBelow(Fees.gas(Fees.CLAIM + Fees.COLLECT + Fees.BOUNCE) + 2 * Fees.MESSAGE)) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (in.now() > claim.expires() || in.now() > claim.voucherExpires()) {
      return refused(Exit.EXPIRED);
    }
    if (claim.charged().compareTo(claim.ceiling()) > 0) {
      return refused(Exit.ABOVE_VOUCHER);
    }
    BigInteger most = big(deposited - withdrawn).min(claim.charged());
    if (most.compareTo(big(claimed)) <= 0) {
      return refused(Exit.NOTHING_TO_CLAIM);
    }
    if (!Signatures.isVoucher(terms.address, terms.voucherKey, claim)) {
      return refused(Exit.VOUCHER_SIGNATURE);
    }
    if (!Signatures.isCharge(terms.address, terms.routerKey, claim)) {
      return refused(Exit.ROUTER_SIGNATURE);
    }
    BigInteger amount = most.subtract(big(claimed));
    claimed = most.longValueExact();
    return accepted(Outcome.restAnd(terms.settlement, amount, new Body.Collect(amount), true));
  }

  private Outcome withdraw(Arrival in, BigInteger amount) {
    boolean all = amount.signum() == 0;
    if (!in.message().from().equals(terms.owner)) {
      return refused(Exit.NOT_OWNER);
    }
    if (phase != Phase.OPEN) {
      return refused(Exit.STATUS);
    }
    if (amount.compareTo(MAX_AMOUNT) > 0) {
      return refused(Exit.AMOUNT);
    }
    if (in.isBelow(Fees.gas(Fees.CHANNEL_REST) + Fees.MESSAGE)) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    pending = amount.longValueExact();
    if (all) {
      phase = Phase.CLOSING;
    }
    unlockAt = in.now() + terms.delay;
    return accepted(
        Outcome.restAnd(in.message().from(), BigInteger.ZERO, new Body.Excesses(), false));
  }

  private Outcome routerClose(Arrival in) {
    if (!in.message().from().equals(terms.settlement)) {
      return refused(Exit.NOT_SETTLEMENT);
    }
    if (phase != Phase.OPEN) {
      return refused(Exit.STATUS);
    }
    phase = Phase.CLOSING;
    pending = 0;
    unlockAt = in.now() + terms.delay;
    return accepted();
  }

  /** What a message must bring that makes the channel pay. */
  static long payoutValue() {
    return Fees.gas(Fees.CHANNEL_REST + Fees.REGISTER + Fees.BOUNCE) + 3 * Fees.MESSAGE;
  }

  private Outcome finish(Arrival in) {
    if (in.isBelow(payoutValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    return switch (phase) {
      case NEW -> refused(Exit.STATUS);
      case OPEN -> {
        if (unlockAt == 0) {
          yield refused(Exit.NOTHING_TO_CLAIM);
        }
        if (in.now() < unlockAt) {
          yield refused(Exit.TOO_EARLY);
        }
        long amount = Math.min(pending, locked());
        pending = 0;
        unlockAt = 0;
        yield accepted(pay(in, amount));
      }
      case CLOSING -> in.now() < unlockAt ? refused(Exit.TOO_EARLY) : close(in);
      case CLOSED -> locked() == 0 ? refused(Exit.NOTHING_TO_CLAIM) : accepted(pay(in, locked()));
    };
  }

  private Outcome close(Arrival in) {
    phase = Phase.CLOSED;
    pending = 0;
    unlockAt = 0;
    return accepted(
        Outcome.exactly(
            terms.settlement,
            big(Fees.gas(Fees.REGISTER)),
            new Body.Unregister(terms.owner, terms.voucherKey),
            false),
        pay(in, locked()));
  }

  private Outcome.Sending pay(Arrival in, long amount) {
    withdrawn += amount;
    return Outcome.allBut(
        terms.owner, in.before().subtract(big(amount)), new Body.PaidBack(big(amount)), true);
  }

  private Outcome release(Arrival in, Body.Release release) {
    if (!in.message().from().equals(terms.owner)) {
      return refused(Exit.NOT_OWNER);
    }
    if (!isOpen()) {
      return refused(Exit.STATUS);
    }
    if (in.isBelow(payoutValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (in.now() > release.expires()) {
      return refused(Exit.EXPIRED);
    }
    if (release.closes() > 1) {
      return refused(Exit.AMOUNT);
    }
    if (big(claimed).compareTo(release.charged()) < 0) {
      return refused(Exit.CLAIM_FIRST);
    }
    if (!Signatures.isRelease(terms.address, terms.routerKey, release)) {
      return refused(Exit.ROUTER_SIGNATURE);
    }
    if (release.closes() == 1) {
      if (phase == Phase.OPEN) {
        phase = Phase.CLOSING;
        pending = 0;
        unlockAt = in.now() + terms.delay;
      }
      return accepted(pay(in, locked()));
    }
    BigInteger amount = release.withdrawn().subtract(big(withdrawn));
    if (amount.signum() <= 0) {
      return refused(Exit.NOTHING_TO_CLAIM);
    }
    if (amount.compareTo(big(locked())) > 0) {
      return refused(Exit.AMOUNT);
    }
    return accepted(pay(in, amount.longValueExact()));
  }

  private Outcome bounced(Arrival in, Body.Bounced bounced) {
    switch (bounced.of()) {
      case "collect" -> {
        if (bounced.amount().compareTo(big(claimed)) > 0) {
          return refused(Exit.OUT_OF_RANGE);
        }
        claimed -= bounced.amount().longValueExact();
      }
      case "paidBack" -> {
        if (bounced.amount().compareTo(big(withdrawn)) > 0) {
          return refused(Exit.OUT_OF_RANGE);
        }
        withdrawn -= bounced.amount().longValueExact();
      }
      case "register" -> {
        phase = Phase.CLOSED;
        pending = 0;
        unlockAt = 0;
        return accepted(pay(in, locked()));
      }
      default -> {}
    }
    return accepted();
  }

  @Override
  public Map<String, String> view() {
    return Map.ofEntries(
        Map.entry("settlement", terms.settlement.toString()),
        Map.entry("owner", terms.owner.toString()),
        Map.entry("voucherKey", terms.voucherKey),
        Map.entry("routerKey", terms.routerKey),
        Map.entry("delay", Long.toString(terms.delay)),
        Map.entry("phase", Integer.toString(phase.code)),
        Map.entry("deposited", Long.toString(deposited)),
        Map.entry("claimed", Long.toString(claimed)),
        Map.entry("withdrawn", Long.toString(withdrawn)),
        Map.entry("pending", Long.toString(pending)),
        Map.entry("unlockAt", Long.toString(unlockAt)));
  }

  @Override
  public BigInteger liabilities() {
    return big(locked());
  }

  @Override
  public long gasBound(Body body) {
    return switch (body) {
      case Body.Claim _ -> Fees.CLAIM;
      case Body.Bounced _ -> Fees.BOUNCE;
      default -> Fees.CHANNEL_REST;
    };
  }
}
