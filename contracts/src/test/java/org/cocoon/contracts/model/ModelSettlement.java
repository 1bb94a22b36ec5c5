package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.ModelAccount.big;
import static org.cocoon.contracts.model.Outcome.accepted;
import static org.cocoon.contracts.model.Outcome.refused;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Body.Node;
import org.cocoon.contracts.model.Outcome.Sending;
import org.jspecify.annotations.Nullable;

/**
 * One router's stake, and what it collected for workers.
 *
 * <pre>
 * NEW --stake--> ACTIVE --retire--> RETIRING --unstake--> RELEASED
 *                   \------slash-------/----> SLASHED
 * </pre>
 */
final class ModelSettlement implements ModelAccount {
  private static final int MAX_HEIGHT = 20;
  private static final int MAX_BATCH_HEIGHT = 7;
  private static final int PREFIX_CHARS = 40;
  private static final Paid NOBODY = new Paid("0".repeat(PREFIX_CHARS), BigInteger.ZERO);

  /** Where in its life it is, with the contract's number for it. */
  enum Phase {
    NEW(0),
    ACTIVE(1),
    RETIRING(2),
    SLASHED(3),
    RELEASED(4);

    final int code;

    Phase(int code) {
      this.code = code;
    }
  }

  /** What its address is made of. */
  record Terms(
      TonAddress address,
      TonAddress registry,
      TonAddress owner,
      String routerKey,
      long delay,
      long minStake) {}

  /** What was paid at an index: to whom (160 bits, hexadecimal) and how much. */
  record Paid(String payee, BigInteger amount) {}

  final Terms terms;
  private final Map<Map.Entry<TonAddress, String>, TonAddress> channels;
  Phase phase = Phase.NEW;
  boolean linked;
  long openChannels;
  long stake;
  long collected;
  long paid;
  BigInteger epoch = BigInteger.ZERO;
  String root = "00".repeat(32);
  long earned;
  long committedAt;
  String statementHash = "00".repeat(32);
  final TreeMap<Integer, Paid> paidTo = new TreeMap<>();

  /**
   * A router's contract.
   *
   * @param channels the addresses of its channels, by owner and voucher key
   */
  ModelSettlement(Terms terms, Map<Map.Entry<TonAddress, String>, TonAddress> channels) {
    this.terms = terms;
    this.channels = Map.copyOf(channels);
  }

  Paid paidAt(int index) {
    return paidTo.getOrDefault(index, NOBODY);
  }

  @Nullable TonAddress channel(TonAddress owner, String voucherKey) {
    return channels.get(Map.entry(owner, voucherKey));
  }

  private boolean isLive() {
    return phase == Phase.ACTIVE || phase == Phase.RETIRING;
  }

  /** What most messages must bring. */
  static long leastValue() {
    return Fees.gas(Fees.SETTLEMENT_REST) + Fees.MESSAGE;
  }

  /** What a payout of 2^height leaves must bring. */
  static long payoutValue(int height) {
    return leastValue() + (1L << height) * (Fees.gas(Fees.LEAF) + Fees.MESSAGE);
  }

  static long slashValue() {
    return Fees.gas(Fees.SLASH) + 2 * Fees.MESSAGE + Fees.gas(Fees.REGISTRY);
  }

  @Override
  public Outcome receive(Arrival in) {
    return switch (in.message().body()) {
      case Body.Collect body -> collect(in, body.amount());
      case Body.Register body -> register(in, body);
      case Body.Unregister body -> unregister(in, body);
      case Body.Stake body -> stake(in, body.amount());
      case Body.Commit body -> commit(in, body.pledge());
      case Body.Payout body -> payout(in, body);
      case Body.Slash body -> slash(in, body);
      case Body.Retire _ -> retire(in);
      case Body.Unstake _ -> unstake(in);
      case Body.CloseChannel body -> closeChannel(in, body);
      case Body.Sweep _ -> sweep(in);
      case Body.Prepay _ -> prepay(in);
      case Body.Bounced body -> bounced(body);
      case Body.Empty _ -> accepted();
      default -> refused(Exit.UNKNOWN_MESSAGE);
    };
  }

  private boolean fits(BigInteger amount) {
    return amount.add(big(collected)).compareTo(MAX_AMOUNT) <= 0;
  }

  private Outcome collect(Arrival in, BigInteger amount) {
    if (!isLive()) {
      return refused(Exit.STATUS);
    }
    if (in.value().compareTo(amount.add(big(Fees.gas(Fees.COLLECT)))) < 0) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (!fits(amount)) {
      return refused(Exit.AMOUNT);
    }
    collected += amount.longValueExact();
    return accepted();
  }

  private boolean isFromChannel(Arrival in, TonAddress owner, String voucherKey) {
    return linked && in.message().from().equals(channel(owner, voucherKey));
  }

  private Outcome register(Arrival in, Body.Register body) {
    if (!isFromChannel(in, body.owner(), body.voucherKey())) {
      return refused(Exit.NOT_CHANNEL);
    }
    if (phase != Phase.ACTIVE) {
      return refused(Exit.STATUS);
    }
    openChannels++;
    return accepted();
  }

  private Outcome unregister(Arrival in, Body.Unregister body) {
    if (!isFromChannel(in, body.owner(), body.voucherKey())) {
      return refused(Exit.NOT_CHANNEL);
    }
    if (openChannels == 0) {
      return refused(Exit.STATUS);
    }
    openChannels--;
    return accepted();
  }

  private Outcome prepay(Arrival in) {
    if (phase != Phase.ACTIVE) {
      return refused(Exit.STATUS);
    }
    BigInteger amount = in.value().subtract(big(Fees.gas(Fees.SETTLEMENT_REST)));
    if (amount.signum() <= 0) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (!fits(amount)) {
      return refused(Exit.AMOUNT);
    }
    collected += amount.longValueExact();
    return accepted();
  }

  /** 0, or why the sender may not do what the owner may. */
  private int refusal(Arrival in) {
    if (!in.message().from().equals(terms.owner)) {
      return Exit.NOT_OWNER;
    }
    return in.isBelow(leastValue()) ? Exit.VALUE_TOO_SMALL : 0;
  }

  private static Outcome answered(Arrival in, BigInteger kept) {
    BigInteger left = in.before().add(kept);
    return accepted(Outcome.allBut(in.message().from(), left, new Body.Excesses(), false));
  }

  private Outcome closeChannel(Arrival in, Body.CloseChannel body) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    TonAddress channel = channel(body.owner(), body.voucherKey());
    if (!linked || channel == null) {
      return refused(Exit.STATUS);
    }
    return accepted(Outcome.restAnd(channel, BigInteger.ZERO, new Body.RouterClose(), true));
  }

  /** What a stake of so much must bring on top of this balance. */
  BigInteger stakeValue(BigInteger amount, BigInteger before) {
    return stakeKept(amount, before).add(big(leastValue()));
  }

  private BigInteger stakeKept(BigInteger amount, BigInteger before) {
    return liabilities().add(amount).add(big(Fees.SETTLEMENT_RESERVE)).subtract(before).max(amount);
  }

  private Outcome stake(Arrival in, BigInteger amount) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (phase != Phase.NEW && phase != Phase.ACTIVE) {
      return refused(Exit.STATUS);
    }
    if (amount.signum() == 0 || amount.add(big(stake)).compareTo(MAX_AMOUNT) > 0) {
      return refused(Exit.AMOUNT);
    }
    if (in.value().compareTo(stakeValue(amount, in.before())) < 0) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    BigInteger kept = stakeKept(amount, in.before());
    stake += amount.longValueExact();
    linked = true;
    if (stake >= terms.minStake) {
      phase = Phase.ACTIVE;
    }
    return answered(in, kept);
  }

  private Outcome retire(Arrival in) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (phase != Phase.ACTIVE) {
      return refused(Exit.STATUS);
    }
    phase = Phase.RETIRING;
    return answered(in, BigInteger.ZERO);
  }

  private Outcome unstake(Arrival in) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (phase != Phase.RETIRING) {
      return refused(Exit.STATUS);
    }
    if (openChannels != 0) {
      return refused(Exit.CHANNELS_OPEN);
    }
    if (in.now() < committedAt + terms.delay) {
      return refused(Exit.TOO_EARLY);
    }
    BigInteger amount = big(stake);
    stake = 0;
    phase = Phase.RELEASED;
    return accepted(
        Outcome.allBut(
            terms.owner, in.before().subtract(amount), new Body.StakeBack(amount), true));
  }

  private Outcome sweep(Arrival in) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    BigInteger kept = liabilities().add(big(Fees.SETTLEMENT_RESERVE));
    if (in.balance().compareTo(kept.add(big(leastValue()))) <= 0) {
      return refused(Exit.NOTHING_TO_CLAIM);
    }
    return accepted(Outcome.allBut(terms.owner, kept, new Body.StakeBack(BigInteger.ZERO), true));
  }

  private Outcome commit(Arrival in, Body.Pledge pledge) {
    if (!isLive()) {
      return refused(Exit.STATUS);
    }
    if (in.isBelow(leastValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (!pledge.epoch().equals(epoch.add(BigInteger.ONE))) {
      return refused(Exit.EPOCH);
    }
    if (pledge.earned().compareTo(big(earned)) < 0) {
      return refused(Exit.EARNED_TOO_LITTLE);
    }
    if (pledge.earned().compareTo(big(collected)) > 0) {
      return refused(Exit.EARNED_TOO_MUCH);
    }
    if (in.now() > pledge.expires()) {
      return refused(Exit.EXPIRED);
    }
    if (!Signatures.isCommitment(terms.address, terms.routerKey, pledge)) {
      return refused(Exit.ROUTER_SIGNATURE);
    }
    epoch = pledge.epoch();
    root = pledge.root();
    earned = pledge.earned().longValueExact();
    committedAt = in.now();
    statementHash = Signatures.hash(terms.address, pledge);
    return answered(in, BigInteger.ZERO);
  }

  private Outcome slash(Arrival in, Body.Slash body) {
    if (!isLive()) {
      return refused(Exit.STATUS);
    }
    if (in.isBelow(slashValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (!body.first().epoch().equals(body.second().epoch())) {
      return refused(Exit.NO_EQUIVOCATION);
    }
    if (!Signatures.isCommitment(terms.address, terms.routerKey, body.first())
        || !Signatures.isCommitment(terms.address, terms.routerKey, body.second())) {
      return refused(Exit.ROUTER_SIGNATURE);
    }
    if (Signatures.hash(terms.address, body.first())
        .equals(Signatures.hash(terms.address, body.second()))) {
      return refused(Exit.NO_EQUIVOCATION);
    }
    BigInteger all = big(stake);
    BigInteger fine = big(stake - stake / 10);
    stake = 0;
    phase = Phase.SLASHED;
    return accepted(
        Outcome.exactly(terms.registry, fine, new Body.Fine(fine), false),
        Outcome.allBut(in.message().from(), in.before().subtract(all), new Body.Excesses(), false));
  }

  private Outcome payout(Arrival in, Body.Payout body) {
    int size = 1 << Math.min(body.height(), MAX_BATCH_HEIGHT);
    if (body.height() > MAX_BATCH_HEIGHT || body.index() % size != 0) {
      return refused(Exit.BATCH);
    }
    if (in.isBelow(payoutValue(body.height()))) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    Map<Integer, Paid> fresh = new HashMap<>();
    List<Sending> sendings = new ArrayList<>();
    Deque<Node> waiting = new ArrayDeque<>();
    BigInteger growth = BigInteger.ZERO;
    for (int i = 0; i < size; i++) {
      if (i >= body.leaves().size()) {
        return refused(Exit.BATCH);
      }
      Body.Leaf leaf = body.leaves().get(i);
      Paid before = paidAt(body.index() + i);
      String prefix = leaf.payee().substring(0, PREFIX_CHARS);
      if (!before.payee().equals(NOBODY.payee()) && !before.payee().equals(prefix)) {
        return refused(Exit.PAYEE);
      }
      BigInteger due = leaf.earned().subtract(before.amount());
      if (due.signum() < 0 || (leaf.earned().signum() == 0) != prefix.equals(NOBODY.payee())) {
        return refused(Exit.EARNED_TOO_LITTLE);
      }
      fresh.put(body.index() + i, new Paid(prefix, leaf.earned()));
      if (due.signum() > 0) {
        growth = growth.add(due);
        TonAddress payee = TonAddress.parse("0:" + leaf.payee());
        sendings.add(Outcome.exactly(payee, due, new Body.Earned(epoch), false));
      }
      Node node = SumTree.leaf(terms.address, leaf);
      for (int bits = i; bits % 2 == 1; bits /= 2) {
        Node left = waiting.pop();
        if (left.sum().add(node.sum()).compareTo(MAX_AMOUNT) > 0) {
          return refused(Exit.AMOUNT);
        }
        node = SumTree.join(left, node);
      }
      waiting.push(node);
    }
    if (body.leaves().size() > size) {
      return refused(Exit.BATCH);
    }
    int refusal = refusal(waiting.pop(), body);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (growth.add(big(paid)).compareTo(big(earned)) > 0) {
      return refused(Exit.EARNED_TOO_MUCH);
    }
    paidTo.putAll(fresh);
    paid += growth.longValueExact();
    sendings.add(
        Outcome.allBut(
            in.message().from(), in.before().subtract(growth), new Body.Excesses(), false));
    return new Outcome.Accepted(sendings);
  }

  /** 0, or why this is no part of the newest tree. */
  private int refusal(Node batch, Body.Payout body) {
    Node node = batch;
    int place = body.index() >> body.height();
    int levels = body.height();
    for (Node sibling : body.siblings()) {
      if (node.sum().add(sibling.sum()).compareTo(MAX_AMOUNT) > 0) {
        return Exit.AMOUNT;
      }
      node = place % 2 == 0 ? SumTree.join(node, sibling) : SumTree.join(sibling, node);
      place /= 2;
      levels++;
    }
    if (place != 0 || levels > MAX_HEIGHT) {
      return Exit.BATCH;
    }
    return node.hash().equals(root) && node.sum().equals(big(earned)) ? 0 : Exit.PROOF;
  }

  private Outcome bounced(Body.Bounced body) {
    if (body.of().equals("stakeBack") && body.amount().signum() > 0) {
      stake += body.amount().longValueExact();
      phase = Phase.RETIRING;
    }
    return accepted();
  }

  @Override
  public Map<String, String> view() {
    return Map.ofEntries(
        Map.entry("registry", terms.registry.toString()),
        Map.entry("owner", terms.owner.toString()),
        Map.entry("routerKey", terms.routerKey),
        Map.entry("delay", Long.toString(terms.delay)),
        Map.entry("minStake", Long.toString(terms.minStake)),
        Map.entry("phase", Integer.toString(phase.code)),
        Map.entry("stake", Long.toString(stake)),
        Map.entry("openChannels", Long.toString(openChannels)),
        Map.entry("collected", Long.toString(collected)),
        Map.entry("paid", Long.toString(paid)),
        Map.entry("epoch", epoch.toString()),
        Map.entry("root", root),
        Map.entry("earned", Long.toString(earned)),
        Map.entry("committedAt", Long.toString(committedAt)),
        Map.entry("statementHash", statementHash));
  }

  @Override
  public BigInteger liabilities() {
    return big(stake).add(big(collected)).subtract(big(paid));
  }

  @Override
  public long gasBound(Body body) {
    return switch (body) {
      case Body.Payout payout ->
          Fees.SETTLEMENT_REST + (long) Fees.LEAF * (1 << Math.min(payout.height(), 8));
      case Body.Slash _ -> Fees.SLASH;
      case Body.Collect _ -> Fees.COLLECT;
      case Body.Register _ -> Fees.REGISTER;
      case Body.Unregister _ -> Fees.REGISTER;
      case Body.Bounced _ -> Fees.BOUNCE;
      default -> Fees.SETTLEMENT_REST;
    };
  }
}
