package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.ModelAccount.big;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Body.Pledge;
import org.jspecify.annotations.Nullable;

/**
 * The eight promises of the contracts, checked after every step from tallies of its own, from
 * balances, messages and states as the TVM tells them.
 */
final class Invariants {
  /**
   * One message and what came of it.
   *
   * @param before the account's view before it
   * @param out what was sent
   */
  record Step(
      Message message,
      Outcome outcome,
      Map<String, String> before,
      List<Message> out,
      Transaction tx) {
    boolean isAccepted() {
      return outcome instanceof Outcome.Accepted;
    }

    long before(String field) {
      return Long.parseLong(before.getOrDefault(field, "0"));
    }
  }

  private record Place(TonAddress settlement, int index, String payee) {}

  private final World world;
  private final Map<TonAddress, BigInteger> deposits = new HashMap<>();
  private final Map<TonAddress, BigInteger> refunds = new HashMap<>();
  private final Map<TonAddress, Long> ceilings = new HashMap<>();
  private final Set<TonAddress> registered = new HashSet<>();

  /** Collected, but from no channel. */
  private final Map<TonAddress, BigInteger> otherIncome = new HashMap<>();

  /** Claims that a fault took away, less those that it made. */
  private final Map<TonAddress, BigInteger> lostClaims = new HashMap<>();

  private final Map<TonAddress, BigInteger> payments = new HashMap<>();
  private final Map<TonAddress, Map<TonAddress, BigInteger>> paymentsTo = new HashMap<>();
  private final Map<Place, BigInteger> promised = new HashMap<>();

  /** Where a fault of the chain itself, which TON excludes, has spoilt the count of channels. */
  private final Set<TonAddress> miscounted = new HashSet<>();

  private final Map<String, List<Body.Leaf>> trees = new HashMap<>();

  Invariants(World world) {
    this.world = world;
  }

  /** A client signed a voucher for its channel. */
  void signedUpTo(TonAddress channel, long ceiling) {
    ceilings.merge(channel, ceiling, Math::max);
  }

  /** A router made a tree. */
  void madeTree(String root, List<Body.Leaf> leaves) {
    trees.put(root, List.copyOf(leaves));
  }

  void doubled(Message message) {
    fault(message, -1);
  }

  void dropped(Message message) {
    fault(message, 1);
  }

  /** Two messages of one way arrive in another order than they left. */
  void reordered(Message message) {
    TonAddress settlement = settlementOf(message);
    if (settlement != null) {
      miscounted.add(settlement);
    }
  }

  private void fault(Message message, int sign) {
    TonAddress settlement = settlementOf(message);
    if (settlement == null) {
      return;
    }
    BigInteger claim = claimOf(message);
    add(lostClaims, settlement, sign > 0 ? claim : claim.negate());
    if (claim.signum() == 0) {
      miscounted.add(settlement);
    }
  }

  /** What of a claim is under way in this message. */
  private BigInteger claimOf(Message message) {
    return switch (message.body()) {
      case Body.Collect collect when world.channel(message.from()) != null -> collect.amount();
      case Body.Bounced back
          when back.of().equals("collect") && world.channel(message.to()) != null ->
          back.amount();
      default -> BigInteger.ZERO;
    };
  }

  /** The settlement contract at one end of a message whose other end is a channel. */
  private @Nullable TonAddress settlementOf(Message message) {
    if (world.channel(message.from()) != null && world.settlement(message.to()) != null) {
      return message.to();
    }
    boolean back = world.settlement(message.from()) != null && world.channel(message.to()) != null;
    return back ? message.from() : null;
  }

  private static <K> void add(Map<K, BigInteger> sums, K key, BigInteger amount) {
    sums.merge(key, amount, BigInteger::add);
  }

  private static <K> BigInteger sum(Map<K, BigInteger> sums, K key) {
    return sums.getOrDefault(key, BigInteger.ZERO);
  }

  /** Checks all eight. */
  void check(Step step) {
    tally(step);
    holdsAtLeastWhatItOwes();
    depositsAreRefundsPaymentsAndWhatIsLocked();
    claimsStayBelowVoucherAndDepositAndOnlyGrow(step);
    payeesGetNoMoreThanCommittedAndNothingTwice(step);
    failuresRestoreTheBooks(step);
    clientsGetOutWithinTheDelay(step);
    stakeLeavesOnlyWhenNothingIsOpen(step);
    signaturesAreWorthlessElsewhere(step);
  }

  private void tally(Step step) {
    TonAddress at = step.message.to();
    for (Message sent : step.out) {
      if (sent.body() instanceof Body.PaidBack paid) {
        Disagreement.check(sent.value().compareTo(paid.amount()) >= 0, "%s is too little", sent);
        add(refunds, at, paid.amount());
      } else if (sent.body() instanceof Body.Earned) {
        add(payments, at, sent.value());
        add(paymentsTo.computeIfAbsent(at, _ -> new HashMap<>()), sent.to(), sent.value());
      }
    }
    if (!step.isAccepted()) {
      boolean comesBack = step.out.stream().anyMatch(sent -> claimOf(sent).signum() > 0);
      TonAddress settlement = settlementOf(step.message);
      if (settlement != null && !comesBack) {
        add(lostClaims, settlement, claimOf(step.message));
      }
      return;
    }
    switch (step.message.body()) {
      case Body.Deposit deposit -> add(deposits, at, deposit.amount());
      case Body.Bounced back when back.of().equals("paidBack") ->
          add(refunds, at, back.amount().negate());
      case Body.Collect collect when world.channel(step.message.from()) == null ->
          add(otherIncome, at, collect.amount());
      case Body.Prepay _ -> add(otherIncome, at, grown(step, "collected"));
      case Body.Register _ -> registered.add(step.message.from());
      case Body.Unregister _ -> registered.remove(step.message.from());
      case Body.Commit commit -> promise(at, commit.pledge());
      default -> {}
    }
  }

  private BigInteger grown(Step step, String field) {
    return new BigInteger(step.tx.state().get(field).asText()).subtract(big(step.before(field)));
  }

  private void promise(TonAddress settlement, Pledge pledge) {
    List<Body.Leaf> leaves = trees.getOrDefault(pledge.root(), List.of());
    for (int i = 0; i < leaves.size(); i++) {
      Body.Leaf leaf = leaves.get(i);
      promised.merge(
          new Place(settlement, i, leaf.payee().substring(0, 40)), leaf.earned(), BigInteger::max);
    }
  }

  /** 1: contract balance >= liabilities. */
  private void holdsAtLeastWhatItOwes() {
    Disagreement.check(world.isConserved(), "money came from nowhere, or went there");
    world.accounts.forEach(
        (address, account) -> {
          BigInteger owed = account.liabilities();
          BigInteger held = world.balance(address);
          Disagreement.check(
              owed.signum() >= 0 && held.compareTo(owed) >= 0,
              "%s holds %s and owes %s",
              address,
              held,
              owed);
        });
  }

  /** 2: deposits = refunds + paid + locked + fees. */
  private void depositsAreRefundsPaymentsAndWhatIsLocked() {
    for (ModelSettlement settlement : world.settlements) {
      TonAddress at = settlement.terms.address();
      BigInteger claimed = BigInteger.ZERO;
      for (ModelChannel channel : world.channels) {
        if (channel.terms.settlement().equals(at)) {
          claimed = claimed.add(big(channel.claimed));
          BigInteger explained =
              sum(refunds, channel.terms.address())
                  .add(big(channel.claimed))
                  .add(big(channel.locked()));
          Disagreement.check(
              sum(deposits, channel.terms.address()).equals(explained),
              "%s: deposits are not %s",
              channel.terms.address(),
              explained);
        }
      }
      BigInteger moving = BigInteger.ZERO;
      for (Message message : world.underWay) {
        if (at.equals(settlementOf(message))) {
          moving = moving.add(claimOf(message));
        }
      }
      BigInteger arrived = big(settlement.collected).subtract(sum(otherIncome, at));
      BigInteger explained = arrived.add(moving).add(sum(lostClaims, at));
      Disagreement.check(
          claimed.equals(explained), "%s: claims of %s are not %s", at, claimed, explained);
      Disagreement.check(
          sum(payments, at).equals(big(settlement.paid)), "%s: payments are not the books'", at);
    }
  }

  /** 3: claimed <= min(ceiling, deposit), monotonic. */
  private void claimsStayBelowVoucherAndDepositAndOnlyGrow(Step step) {
    for (ModelChannel channel : world.channels) {
      long ceiling = ceilings.getOrDefault(channel.terms.address(), 0L);
      Disagreement.check(
          channel.claimed >= 0
              && channel.claimed <= ceiling
              && channel.claimed <= channel.deposited - channel.withdrawn,
          "%s: %s was claimed",
          channel.terms.address(),
          channel.claimed);
    }
    if (world.channel(step.message.to()) != null && !step.message.bounced()) {
      Disagreement.check(
          grownInModel(step, "claimed") >= 0
              && grownInModel(step, "withdrawn") >= 0
              && grownInModel(step, "deposited") >= 0,
          "a counter shrank by %s",
          step.message);
    }
  }

  private long grownInModel(Step step, String field) {
    ModelAccount account = world.accounts.get(step.message.to());
    return account == null
        ? 0
        : Long.parseLong(account.view().getOrDefault(field, "0")) - step.before(field);
  }

  /** 4: a worker is never paid above its committed total nor twice. */
  private void payeesGetNoMoreThanCommittedAndNothingTwice(Step step) {
    ModelSettlement settlement = world.settlement(step.message.to());
    if (settlement == null) {
      return;
    }
    TonAddress at = settlement.terms.address();
    Map<String, BigInteger> byPrefix = new HashMap<>();
    settlement.paidTo.forEach(
        (index, paid) -> {
          add(byPrefix, paid.payee(), paid.amount());
          BigInteger most =
              promised.getOrDefault(new Place(at, index, paid.payee()), BigInteger.ZERO);
          Disagreement.check(
              paid.amount().compareTo(most) <= 0,
              "%s got %s at %s, and was promised %s",
              paid.payee(),
              paid.amount(),
              index,
              most);
        });
    Map<String, BigInteger> sent = new HashMap<>();
    paymentsTo
        .getOrDefault(at, Map.of())
        .forEach((payee, amount) -> add(sent, payee.toString().substring(2, 42), amount));
    byPrefix.values().removeIf(amount -> amount.signum() == 0);
    Disagreement.check(sent.equals(byPrefix), "%s was sent, not %s", sent, byPrefix);
    Disagreement.check(
        settlement.paid <= settlement.earned && settlement.earned <= settlement.collected,
        "paid %s, earned %s, collected %s",
        settlement.paid,
        settlement.earned,
        settlement.collected);
    if (step.isAccepted() && step.message.body() instanceof Body.Payout payout) {
      comparePaid(settlement, payout);
    }
  }

  private void comparePaid(ModelSettlement settlement, Body.Payout payout) {
    int count = Math.min(1 << payout.height(), 20);
    var entries = world.tvm.paid(settlement.terms.address(), payout.index(), count);
    for (int i = 0; i < count; i++) {
      ModelSettlement.Paid paid = settlement.paidAt(payout.index() + i);
      String there = entries.get(i).get("payee").asText() + entries.get(i).get("paid").asText();
      Disagreement.check(
          there.equals(paid.payee() + paid.amount()), "%s is paid, not %s", there, paid);
    }
  }

  /** 5: every failed or bounced path restores the books. */
  private void failuresRestoreTheBooks(Step step) {
    boolean same = world.isUnchanged(step.message.to(), step.tx);
    if (!step.isAccepted()) {
      Disagreement.check(same, "a refusal changed %s", step.message.to());
      return;
    }
    boolean home = world.accounts.get(step.message.to()) instanceof ModelWallet;
    if (step.message.body() instanceof Body.Bounced back && !home) {
      BigInteger amount = back.amount();
      BigInteger restored =
          switch (back.of()) {
            case "collect" -> big(-grownInModel(step, "claimed"));
            case "paidBack" -> big(-grownInModel(step, "withdrawn"));
            case "stakeBack" -> big(grownInModel(step, "stake") + grownInModel(step, "treasury"));
            default -> amount;
          };
      Disagreement.check(restored.equals(amount), "of %s only %s is back", back, restored);
    }
  }

  /** 6: a client gets out within the delay with the router dead. */
  private void clientsGetOutWithinTheDelay(Step step) {
    ModelChannel channel = world.channel(step.message.to());
    if (channel == null || !channel.isOpen()) {
      return;
    }
    TonAddress at = channel.terms.address();
    ModelChannel copy = channel.copy();
    BigInteger value = big(1_000_000_000);
    BigInteger balance = world.balance(at).add(value);
    List<Body> way = new ArrayList<>(List.of(new Body.Finish()));
    if (channel.phase == ModelChannel.Phase.OPEN) {
      way.addFirst(new Body.Withdraw(BigInteger.ZERO));
    }
    long then = world.now;
    for (Body body : way) {
      Message message =
          new Message(-1, channel.terms.owner(), at, value, true, false, BigInteger.ZERO, body);
      if (body instanceof Body.Finish) {
        then += channel.terms.delay();
      }
      Outcome outcome = copy.receive(new ModelAccount.Arrival(message, balance, then));
      Disagreement.check(outcome instanceof Outcome.Accepted, "%s: %s is %s", at, body, outcome);
    }
    Disagreement.check(copy.withdrawn == channel.deposited - channel.claimed, "%s keeps money", at);
  }

  /** 7: the stake is released only when nothing is open. */
  private void stakeLeavesOnlyWhenNothingIsOpen(Step step) {
    for (ModelSettlement settlement : world.settlements) {
      TonAddress at = settlement.terms.address();
      if (miscounted.contains(at)) {
        continue;
      }
      long open =
          world.channels.stream()
              .filter(channel -> channel.terms.settlement().equals(at))
              .filter(channel -> channel.isOpen() && registered.contains(channel.terms.address()))
              .count();
      Disagreement.check(
          settlement.openChannels >= open,
          "%s counts %s channels, and %s are open",
          at,
          settlement.openChannels,
          open);
      Disagreement.check(
          settlement.phase != ModelSettlement.Phase.RELEASED || open == 0,
          "%s: the stake left %s open channels",
          at,
          open);
    }
    ModelSettlement here = world.settlement(step.message.to());
    if (here != null && grownInModel(step, "stake") < 0) {
      Disagreement.check(
          here.phase == ModelSettlement.Phase.RELEASED
              || here.phase == ModelSettlement.Phase.SLASHED,
          "the stake left by %s",
          step.message);
    }
  }

  /** 8: a signature for one channel, network or operation is worthless for another. */
  private void signaturesAreWorthlessElsewhere(Step step) {
    if (!step.isAccepted()) {
      return;
    }
    TonAddress at = step.message.to();
    ModelChannel channel = world.channel(at);
    ModelSettlement settlement = world.settlement(at);
    switch (step.message.body()) {
      case Body.Claim claim when channel != null -> {
        String client = channel.terms.voucherKey();
        made(
            claim.voucherSignature(),
            "voucher",
            at,
            client,
            claim.ceiling(),
            claim.voucherExpires());
        String router = channel.terms.routerKey();
        made(claim.signature(), "charge", at, router, claim.charged(), claim.expires());
      }
      case Body.Release release when channel != null ->
          made(
              release.signature(),
              "release",
              at,
              channel.terms.routerKey(),
              release.charged(),
              release.withdrawn(),
              release.closes(),
              release.expires());
      case Body.Commit commit when settlement != null -> made(settlement, commit.pledge());
      case Body.Slash slash when settlement != null -> {
        made(settlement, slash.first());
        made(settlement, slash.second());
      }
      default -> {}
    }
  }

  private void made(ModelSettlement settlement, Pledge pledge) {
    TonAddress at = settlement.terms.address();
    String purpose = Signatures.purposeOf(Tvm.NETWORK, at, settlement.terms.routerKey(), pledge);
    Disagreement.check(
        world.signatures.purpose(pledge.signature()).equals(purpose), "nobody signed %s", pledge);
  }

  private void made(String signature, String kind, TonAddress at, String key, Object... fields) {
    String purpose = Signatures.purposeOf(kind, Tvm.NETWORK, at, key, fields);
    Disagreement.check(
        world.signatures.purpose(signature).equals(purpose), "nobody signed %s", purpose);
  }
}
