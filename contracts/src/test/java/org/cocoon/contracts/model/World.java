package org.cocoon.contracts.model;

import static java.util.Objects.requireNonNull;
import static org.cocoon.contracts.model.Disagreement.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.jspecify.annotations.Nullable;

/**
 * A network in the model and in the TVM: every message goes to both, and after each they are
 * compared. Money is kept exactly: what came in is in accounts, under way, or burnt.
 */
final class World {
  static final long START = 1_800_000_000;
  static final long DELAY = 3_600;
  static final long MIN_STAKE = 100_000_000_000L;
  static final int ROUTERS = 2;
  static final int CLIENTS = 3;
  static final int WORKERS = 3;

  /** Sent to wallets without a way back: mostly taken for arrived, which saves a transaction. */
  private static final double SHOWN_ARRIVALS = 0.1;

  final Tvm tvm;
  final Coverage coverage;
  final Signatures signatures = new Signatures();
  final Invariants invariants;
  final Map<TonAddress, ModelAccount> accounts = new LinkedHashMap<>();
  final Map<String, TonAddress> wallets = new TreeMap<>();
  final List<ModelSettlement> settlements = new ArrayList<>();
  final List<ModelChannel> channels = new ArrayList<>();
  final List<Message> underWay = new ArrayList<>();
  final Set<TonAddress> deployed = new HashSet<>();
  final Set<TonAddress> broken = new HashSet<>();
  final List<ReceiptKey> routerKeys = new ArrayList<>();
  final List<ReceiptKey> clientKeys = new ArrayList<>();
  private final Map<TonAddress, BigInteger> balances = new HashMap<>();
  private final Map<TonAddress, String> data = new HashMap<>();
  private final TonAddress registryAddress;
  private BigInteger brought = BigInteger.ZERO;
  private BigInteger burnt = BigInteger.ZERO;
  private BigInteger arrived = BigInteger.ZERO;
  long now = START;

  World(Tvm tvm, Coverage coverage) {
    this.tvm = tvm;
    this.coverage = coverage;
    List<Map<String, String>> routers = new ArrayList<>();
    List<Map<String, String>> clients = new ArrayList<>();
    List<String> names = new ArrayList<>(List.of("admin", "heir", "stranger"));
    for (int i = 0; i < ROUTERS; i++) {
      routerKeys.add(key(1 + i));
      names.add("operator" + i);
      routers.add(Map.of("owner", "operator" + i, "key", Signatures.hex(routerKeys.get(i))));
    }
    for (int i = 0; i < CLIENTS; i++) {
      clientKeys.add(key(10 + i));
      names.add("client" + i);
      clients.add(Map.of("owner", "client" + i, "key", Signatures.hex(clientKeys.get(i))));
    }
    for (int i = 0; i < WORKERS; i++) {
      names.add("worker" + i);
    }
    JsonNode made =
        tvm.world(
            Map.of(
                "do", "world",
                "network", Tvm.NETWORK,
                "now", START,
                "delay", DELAY,
                "minStake", MIN_STAKE,
                "document", "{}",
                "admin", "admin",
                "wallets", names,
                "routers", routers,
                "clients", clients));
    BigInteger walletBalance = new BigInteger(made.get("walletBalance").asText());
    for (String name : names) {
      TonAddress address = TonAddress.parse(made.get("wallets").get(name).asText());
      wallets.put(name, address);
      accounts.put(address, new ModelWallet());
      deployed.add(address);
      balances.put(address, walletBalance);
      brought = brought.add(walletBalance);
    }
    registryAddress = TonAddress.parse(made.get("registry").asText());
    accounts.put(registryAddress, new ModelRegistry(wallet("admin"), DELAY, "{}"));
    for (int i = 0; i < ROUTERS; i++) {
      addRouter(i, made.get("routers").get(i));
    }
    invariants = new Invariants(this);
  }

  private void addRouter(int number, JsonNode made) {
    TonAddress address = TonAddress.parse(made.get("settlement").asText());
    String routerKey = Signatures.hex(routerKeys.get(number));
    Map<Map.Entry<TonAddress, String>, TonAddress> known = new HashMap<>();
    for (int i = 0; i < CLIENTS; i++) {
      TonAddress channel = TonAddress.parse(made.get("channels").get(i).asText());
      TonAddress owner = wallet("client" + i);
      String voucherKey = Signatures.hex(clientKeys.get(i));
      known.put(Map.entry(owner, voucherKey), channel);
      channels.add(
          new ModelChannel(
              new ModelChannel.Terms(channel, address, owner, voucherKey, routerKey, DELAY)));
      accounts.put(channel, channels.getLast());
    }
    settlements.add(
        new ModelSettlement(
            new ModelSettlement.Terms(
                address, registryAddress, wallet("operator" + number), routerKey, DELAY, MIN_STAKE),
            known));
    accounts.put(address, settlements.getLast());
  }

  private static ReceiptKey key(int fill) {
    byte[] seed = new byte[32];
    Arrays.fill(seed, (byte) fill);
    return ReceiptKey.ofSeed(seed);
  }

  TonAddress wallet(String name) {
    return requireNonNull(wallets.get(name), name);
  }

  TonAddress registryAddress() {
    return registryAddress;
  }

  ModelRegistry registry() {
    return (ModelRegistry) requireNonNull(accounts.get(registryAddress));
  }

  BigInteger balance(TonAddress address) {
    return balances.getOrDefault(address, BigInteger.ZERO);
  }

  /** The settlement contract with this address, if it is one of ours. */
  @Nullable ModelSettlement settlement(TonAddress address) {
    return accounts.get(address) instanceof ModelSettlement settlement ? settlement : null;
  }

  @Nullable ModelChannel channel(TonAddress address) {
    return accounts.get(address) instanceof ModelChannel channel ? channel : null;
  }

  /** A message from outside; brings the code if nothing is there yet. */
  Outcome send(String label, Message message, Random random) {
    boolean init = !deployed.contains(message.to()) && !broken.contains(message.to());
    brought = brought.add(message.value());
    return step(label, message, init, tvm.send(message, init), random);
  }

  /** One that is under way arrives. */
  Outcome deliver(Message message, boolean doubled, Random random) {
    if (doubled) {
      brought = brought.add(message.value());
      invariants.doubled(message);
    } else {
      underWay.remove(message);
    }
    Transaction transaction = tvm.deliver(message.id(), doubled);
    String kind = message.body().kind().replaceFirst("op \\d+", "other");
    return step("- " + kind, message, false, transaction, random);
  }

  /** One that is under way is lost. */
  void drop(Message message) {
    underWay.remove(message);
    brought = brought.subtract(message.value());
    invariants.dropped(message);
    tvm.drop(message.id());
  }

  void pass(long seconds) {
    now += seconds;
    tvm.time(now);
  }

  /** Takes an account's code and data away for a while. */
  void damage(TonAddress address, boolean frozen) {
    tvm.damage(address, frozen);
    broken.add(address);
  }

  void heal(TonAddress address) {
    tvm.heal(address);
    broken.remove(address);
  }

  private Outcome step(String label, Message message, boolean init, Transaction tx, Random random) {
    TonAddress to = message.to();
    ModelAccount account = accounts.get(to);
    check(tx.before().equals(balance(to)), "%s: %s had %s", label, to, tx.before());
    Map<String, String> before = account == null ? Map.of() : account.view();
    BigInteger balance =
        tx.before().subtract(tx.storageFee()).subtract(tx.dueFee()).add(message.value());
    Message come = message.with(credited(message, balance, tx));
    Outcome outcome;
    String name;
    if (account == null || broken.contains(to) || (!init && !deployed.contains(to))) {
      check(!tx.skipped().isEmpty(), "%s: ran without code", label);
      outcome = new Outcome.Refused(0);
      name = "no code";
    } else if (tx.ranOutOfGas()) {
      long gas = come.value().divide(BigInteger.valueOf(Fees.PER_GAS)).longValue();
      check(gas < account.gasBound(message.body()), "%s: %s gas did not do", label, gas);
      outcome = new Outcome.Refused(tx.exit());
      name = "no gas";
    } else {
      outcome = account.receive(new ModelAccount.Arrival(come, balance, now));
      name =
          switch (outcome) {
            case Outcome.Accepted _ -> "ok";
            case Outcome.Refused refused -> Integer.toString(refused.exitCode());
          };
    }
    coverage.transaction(label, name);
    List<Message> out =
        switch (outcome) {
          case Outcome.Accepted accepted -> Comparison.accepted(come, accepted, balance, tx);
          case Outcome.Refused refused -> Comparison.refused(come, refused, tx);
        };
    compareState(label, to, account, tx);
    if (message.body() instanceof Body.Revoke revoke && deployed.contains(registryAddress)) {
      compareRevoked(revoke.hash());
    }
    account(message, tx, out, random);
    invariants.check(new Invariants.Step(message, outcome, before, out, tx));
    return outcome;
  }

  /**
   * What of a message's value its transaction may spend: not what storage was in arrears, and where
   * it has no way back, in which case storage is paid last, not more than there is.
   */
  private static BigInteger credited(Message message, BigInteger balance, Transaction tx) {
    BigInteger value = message.value().subtract(tx.dueFee());
    return message.bounce() ? value : value.min(balance);
  }

  private void compareState(
      String label, TonAddress to, @Nullable ModelAccount account, Transaction tx) {
    if (account == null || broken.contains(to) || !tx.isActive()) {
      check(!deployed.contains(to) || broken.contains(to), "%s: %s is gone", label, to);
      return;
    }
    deployed.add(to);
    check(tx.state().get("same").asBoolean(), "%s: other code at %s", label, to);
    account
        .view()
        .forEach(
            (field, value) -> {
              String there = tx.state().get(field).asText();
              check(
                  there.equals(value),
                  "%s: %s is %s, not %s at %s",
                  label,
                  field,
                  there,
                  value,
                  to);
            });
  }

  private void compareRevoked(String hash) {
    boolean there = !broken.contains(registryAddress) && tvm.isRevoked(registryAddress, hash);
    check(
        there == registry().revoked.contains(hash) || broken.contains(registryAddress),
        "%s is revoked: %s",
        hash,
        there);
  }

  /** The data's hash is the same as before the step; keeps the new one. */
  boolean isUnchanged(TonAddress to, Transaction tx) {
    String hash = tx.isActive() ? tx.state().get("data").asText() : "";
    if (hash.isEmpty()) {
      return true;
    }
    String old = data.put(to, hash);
    return old == null || old.equals(hash);
  }

  private void account(Message message, Transaction tx, List<Message> out, Random random) {
    BigInteger sent = out.stream().map(Message::value).reduce(BigInteger.ZERO, BigInteger::add);
    BigInteger cost = tx.fees().add(tx.forwardFees());
    BigInteger after = tx.before().add(message.value()).subtract(cost).subtract(sent);
    check(tx.after().equals(after), "%s is left, not %s", tx.after(), after);
    balances.put(message.to(), after);
    burnt = burnt.add(cost);
    for (Message one : out) {
      boolean shown = random.nextDouble() < SHOWN_ARRIVALS;
      boolean oneWay = !one.bounce() && !one.bounced() && channel(one.to()) == null;
      boolean home = settlement(one.to()) == null && !one.to().equals(registryAddress);
      if (oneWay && home && !shown) {
        arrived = arrived.add(one.value());
      } else {
        underWay.add(one);
      }
    }
  }

  /** All money that there ever was is in accounts, under way, taken home or burnt. */
  boolean isConserved() {
    BigInteger there = balances.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    BigInteger moving =
        underWay.stream().map(Message::value).reduce(BigInteger.ZERO, BigInteger::add);
    return brought.equals(there.add(moving).add(burnt).add(arrived));
  }
}
