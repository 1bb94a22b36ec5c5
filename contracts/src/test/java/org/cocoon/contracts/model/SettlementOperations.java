package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Body.Pledge;
import org.cocoon.contracts.model.Draw.Planned;

/** Random operations on settlement contracts. Keeps what routers owe workers, and their trees. */
final class SettlementOperations {
  private static final HexFormat HEX = HexFormat.of();
  private static final List<String> COMMIT_FAULTS =
      List.of(
          "replayed",
          "wrong epoch",
          "shrunken",
          "too much",
          "forged",
          "changed",
          "foreign",
          "expired",
          "moved payee",
          "taken back",
          "wrong sum",
          "unsigned huge");
  private static final List<String> PAYOUT_FAULTS =
      List.of(
          "other tree",
          "other payee",
          "other amount",
          "other place",
          "cut way",
          "longer way",
          "too few",
          "too many",
          "too high",
          "huge");

  private final Map<TonAddress, List<EarningsTree.Leaf>> owed = new HashMap<>();
  private final Map<String, EarningsTree> trees = new HashMap<>();
  private final List<String> roots = new ArrayList<>();
  private final Map<TonAddress, List<Pledge>> pledges = new HashMap<>();
  private final boolean huge;
  private final int payees;

  /**
   * Operations of one world.
   *
   * @param payees how many each router begins with
   */
  SettlementOperations(boolean huge, int payees) {
    this.huge = huge;
    this.payees = payees;
  }

  /** One that is active, mostly. */
  private static ModelSettlement any(Draw draw) {
    List<ModelSettlement> active =
        draw.world.settlements.stream()
            .filter(one -> one.phase == ModelSettlement.Phase.ACTIVE)
            .toList();
    return active.isEmpty() || draw.chance(0.15)
        ? draw.pick(draw.world.settlements)
        : draw.pick(active);
  }

  Planned stake(Draw draw) {
    return stake(draw, any(draw), false);
  }

  Planned stake(Draw draw, ModelSettlement at, boolean full) {
    long usual = huge && draw.chance(0.3) ? Long.MAX_VALUE / 3 : World.MIN_STAKE;
    BigInteger amount = BigInteger.valueOf(full ? World.MIN_STAKE : 1 + draw.upTo(usual));
    if (!full && draw.chance(0.1)) {
      amount = draw.chance(0.5) ? BigInteger.ZERO : Draw.TWO_TO_63;
    }
    BigInteger least = at.stakeValue(amount, draw.world.balance(at.terms.address()));
    BigInteger value = full ? least.add(BigInteger.valueOf(Draw.TON)) : draw.valueAround(least);
    TonAddress from = full ? at.terms.owner() : draw.mostly(at.terms.owner());
    return draw.planned("stake", from, at.terms.address(), value, new Body.Stake(amount));
  }

  Planned commit(Draw draw) {
    ModelSettlement at = any(draw);
    TonAddress address = at.terms.address();
    List<Pledge> old = pledges.computeIfAbsent(address, _ -> new ArrayList<>());
    String fault = draw.chance(0.55) ? "" : draw.pick(COMMIT_FAULTS);
    Pledge pledge =
        fault.equals("replayed") && !old.isEmpty()
            ? draw.pick(old)
            : signed(draw, at, plan(draw, at, fault), fault);
    if (fault.isEmpty()) {
      old.add(pledge);
    }
    return draw.planned(
        fault.isEmpty() ? "commit" : "commit, " + fault,
        draw.chance(0.8) ? at.terms.owner() : draw.anyWallet(),
        address,
        draw.value(ModelSettlement.leastValue()),
        new Body.Commit(pledge));
  }

  /** A tree of what everybody earned, in which something may be wrong; without a signature. */
  private Pledge plan(Draw draw, ModelSettlement at, String fault) {
    List<EarningsTree.Leaf> leaves =
        new ArrayList<>(owed.getOrDefault(at.terms.address(), List.of()));
    long budget = at.collected - leaves.stream().mapToLong(leaf -> leaf.earned().nanos()).sum();
    if (!fault.equals("moved payee") && !fault.equals("taken back")) {
      grow(draw, leaves, Math.max(0, budget));
    } else if (leaves.size() > 1) {
      int from = draw.random.nextInt(leaves.size());
      int to = (from + 1) % leaves.size();
      TonAddress payee = leaves.get(from).payee();
      long part = draw.upTo(leaves.get(from).earned().nanos() - 1);
      if (fault.equals("moved payee")) {
        leaves.set(from, new EarningsTree.Leaf(leaves.get(to).payee(), leaves.get(from).earned()));
      } else {
        leaves.set(from, leaf(payee, leaves.get(from).earned().nanos() - part));
        leaves.set(to, leaf(leaves.get(to).payee(), leaves.get(to).earned().nanos() + part));
      }
    }
    if (fault.isEmpty()) {
      owed.put(at.terms.address(), List.copyOf(leaves));
    }
    EarningsTree tree = EarningsTree.of(Tvm.NETWORK, at.terms.address(), leaves);
    String root = HEX.formatHex(tree.root().hash());
    trees.put(root, tree);
    roots.add(root);
    draw.world.invariants.madeTree(root, leaves.stream().map(SettlementOperations::said).toList());
    BigInteger earned = BigInteger.valueOf(tree.root().sum().nanos());
    BigInteger epoch = at.epoch.add(BigInteger.ONE);
    return switch (fault) {
      case "wrong epoch" ->
          pledge(draw, epoch.add(BigInteger.valueOf(draw.chance(0.5) ? 1 : 7)), root, earned);
      case "shrunken" -> pledge(draw, epoch, root, BigInteger.valueOf(draw.upTo(at.earned - 1)));
      case "too much" -> {
        BigInteger collected = BigInteger.valueOf(at.collected);
        boolean most = collected.bitLength() == 63 && collected.bitCount() == 63;
        yield pledge(draw, epoch, root, most ? collected : collected.add(BigInteger.ONE));
      }
      case "wrong sum" -> pledge(draw, epoch, root, BigInteger.valueOf(at.collected));
      default -> pledge(draw, epoch, root, earned);
    };
  }

  private void grow(Draw draw, List<EarningsTree.Leaf> leaves, long budget) {
    long left = budget;
    while (left > 0 && (leaves.size() < payees || draw.chance(0.4))) {
      long part = 1 + draw.upTo(left / (2L * payees));
      leaves.add(leaf(payee(draw, leaves.size()), part));
      left -= part;
    }
    for (int i = 0; i < leaves.size(); i++) {
      if (left > 0 && draw.chance(0.5)) {
        long part = draw.upTo(left / 2);
        leaves.set(i, leaf(leaves.get(i).payee(), leaves.get(i).earned().nanos() + part));
        left -= part;
      }
    }
  }

  private static EarningsTree.Leaf leaf(TonAddress payee, long earned) {
    return new EarningsTree.Leaf(payee, new NanoTon(earned));
  }

  private static TonAddress payee(Draw draw, int index) {
    return index < World.WORKERS
        ? draw.world.wallet("worker" + index)
        : TonAddress.parse("0:" + draw.bytes(32));
  }

  private static Body.Leaf said(EarningsTree.Leaf leaf) {
    return new Body.Leaf(
        HEX.formatHex(leaf.payee().hash()), BigInteger.valueOf(leaf.earned().nanos()));
  }

  private static Pledge pledge(Draw draw, BigInteger epoch, String root, BigInteger earned) {
    return new Pledge(epoch, root, earned, draw.bytes(32), draw.expires(), "00".repeat(64));
  }

  private static Pledge signed(Draw draw, ModelSettlement at, Pledge plan, String fault) {
    TonAddress address = at.terms.address();
    ReceiptKey key = draw.routerKey(address);
    Signatures by = draw.world.signatures;
    Pledge good = by.commitment(key, Tvm.NETWORK, address, plan);
    return switch (fault) {
      case "forged" -> with(good, good.earned(), draw.flipped(good.signature()), good.expires());
      case "changed" -> with(good, good.earned(), good.signature(), good.expires() + 1);
      case "unsigned huge" -> with(good, Draw.TWO_TO_63, good.signature(), good.expires());
      case "expired" -> {
        long past = draw.world.now - 1 - draw.upTo(World.DELAY);
        yield by.commitment(
            key, Tvm.NETWORK, address, with(plan, plan.earned(), plan.signature(), past));
      }
      case "foreign" ->
          draw.chance(0.5)
              ? by.commitment(key, Draw.FOREIGN_NETWORK, address, plan)
              : by.commitment(
                  key,
                  Tvm.NETWORK,
                  draw.chance(0.5)
                      ? draw.world.registryAddress()
                      : draw.pick(draw.world.settlements).terms.address(),
                  plan);
      default -> good;
    };
  }

  private static Pledge with(Pledge pledge, BigInteger earned, String signature, long expires) {
    return new Pledge(pledge.epoch(), pledge.root(), earned, pledge.digest(), expires, signature);
  }

  Planned payout(Draw draw) {
    ModelSettlement at = any(draw);
    String fault = draw.chance(0.65) ? "" : draw.pick(PAYOUT_FAULTS);
    String root = at.root;
    if (fault.equals("other tree") && !roots.isEmpty()) {
      root = draw.pick(roots);
    }
    EarningsTree tree =
        trees.getOrDefault(root, EarningsTree.of(Tvm.NETWORK, at.terms.address(), List.of()));
    int size = Math.max(1, tree.leaves().size());
    int depth = size == 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
    int height = draw.random.nextInt(Math.min(depth, EarningsTree.MAX_BATCH_HEIGHT) + 1);
    int index = draw.random.nextInt(1 << (depth - height)) << height;
    List<Body.Leaf> leaves = new ArrayList<>();
    for (int i = index; i < index + (1 << height); i++) {
      leaves.add(
          i < tree.leaves().size()
              ? said(tree.leaves().get(i))
              : new Body.Leaf("00".repeat(32), BigInteger.ZERO));
    }
    List<Body.Node> way = new ArrayList<>();
    for (EarningsTree.Node node : tree.siblings(index, height)) {
      way.add(new Body.Node(HEX.formatHex(node.hash()), BigInteger.valueOf(node.sum().nanos())));
    }
    int first = draw.random.nextInt(leaves.size());
    Body.Leaf chosen = leaves.get(first);
    switch (fault) {
      case "other payee" -> leaves.set(first, new Body.Leaf(draw.bytes(32), chosen.earned()));
      case "other amount" ->
          leaves.set(
              first, new Body.Leaf(chosen.payee(), BigInteger.valueOf(draw.upTo(3 * Draw.TON))));
      case "huge" ->
          leaves.set(first, new Body.Leaf(chosen.payee(), new BigInteger(64, draw.random)));
      case "other place" -> index += draw.chance(0.5) ? 1 : 1 << height;
      case "cut way" -> {
        if (!way.isEmpty()) {
          way.removeLast();
        }
      }
      case "longer way" -> {
        int most = draw.chance(0.3) ? 21 : 2;
        while (way.size() < most) {
          way.add(new Body.Node(draw.bytes(32), new BigInteger(62, draw.random)));
        }
      }
      case "too few" -> {
        if (leaves.size() > 1) {
          leaves.removeLast();
        }
      }
      case "too many" -> leaves.add(chosen);
      case "too high" -> height = EarningsTree.MAX_BATCH_HEIGHT + 1 + draw.random.nextInt(200);
      default -> {}
    }
    String label = fault.isEmpty() ? "payout of " + (1 << height) : "payout, " + fault;
    return draw.planned(
        label,
        draw.anyWallet(),
        at.terms.address(),
        draw.value(ModelSettlement.payoutValue(Math.min(height, EarningsTree.MAX_BATCH_HEIGHT))),
        new Body.Payout(index, height, way, leaves));
  }

  Planned slash(Draw draw) {
    ModelSettlement at = draw.pick(draw.world.settlements);
    TonAddress address = at.terms.address();
    ReceiptKey key = draw.routerKey(address);
    String fault =
        draw.chance(0.15)
            ? ""
            : draw.pick(List.of("the same twice", "two epochs", "forged", "foreign"));
    Pledge plan =
        pledge(draw, BigInteger.valueOf(1 + draw.upTo(5)), draw.bytes(32), BigInteger.TEN);
    Pledge second =
        pledge(draw, plan.epoch(), draw.chance(0.5) ? plan.root() : draw.bytes(32), plan.earned());
    Signatures by = draw.world.signatures;
    Pledge one = by.commitment(key, Tvm.NETWORK, address, plan);
    Pledge two =
        switch (fault) {
          case "the same twice" -> one;
          case "two epochs" ->
              by.commitment(
                  key,
                  Tvm.NETWORK,
                  address,
                  pledge(draw, plan.epoch().add(BigInteger.ONE), plan.root(), plan.earned()));
          case "forged" ->
              by.commitment(draw.pick(draw.world.clientKeys), Tvm.NETWORK, address, second);
          case "foreign" -> by.commitment(key, Draw.FOREIGN_NETWORK, address, second);
          default -> by.commitment(key, Tvm.NETWORK, address, second);
        };
    boolean turned = draw.chance(0.5);
    return draw.planned(
        fault.isEmpty() ? "slash" : "slash, " + fault,
        draw.anyWallet(),
        address,
        draw.value(ModelSettlement.slashValue()),
        new Body.Slash(turned ? two : one, turned ? one : two));
  }

  /** What needs no more than its owner. */
  Planned owner(Draw draw, Body body) {
    ModelSettlement at = any(draw);
    return draw.planned(
        body.kind(),
        draw.mostly(at.terms.owner()),
        at.terms.address(),
        draw.value(ModelSettlement.leastValue()),
        body);
  }

  Planned unstake(Draw draw) {
    for (ModelSettlement at : draw.world.settlements) {
      if (at.phase == ModelSettlement.Phase.RETIRING) {
        return draw.planned(
            "unstake",
            draw.mostly(at.terms.owner()),
            at.terms.address(),
            draw.value(ModelSettlement.leastValue()),
            new Body.Unstake());
      }
    }
    return owner(draw, new Body.Unstake());
  }

  Planned closeChannel(Draw draw) {
    ModelChannel channel = draw.pick(draw.world.channels);
    ModelSettlement at =
        draw.world.settlements.stream()
            .filter(one -> one.terms.address().equals(channel.terms.settlement()))
            .findFirst()
            .orElseThrow();
    return draw.planned(
        "closeChannel",
        draw.mostly(at.terms.owner()),
        at.terms.address(),
        draw.value(ModelSettlement.leastValue()),
        new Body.CloseChannel(channel.terms.owner(), channel.terms.voucherKey()));
  }

  Planned prepay(Draw draw) {
    BigInteger value =
        huge && draw.chance(0.5)
            ? BigInteger.valueOf(Long.MAX_VALUE / 2)
            : draw.chance(0.2)
                ? draw.value(Fees.gas(Fees.SETTLEMENT_REST))
                : BigInteger.valueOf(draw.upTo(30 * Draw.TON));
    return draw.planned(
        "prepay",
        draw.anyWallet(),
        any(draw).terms.address(),
        value,
        new Body.Prepay("cocoon:" + draw.random.nextInt(9)));
  }

  /** What only channels say, or nobody does. */
  Planned strange(Draw draw) {
    ModelChannel channel = draw.pick(draw.world.channels);
    BigInteger amount = BigInteger.valueOf(draw.upTo(3 * Draw.TON));
    Body body =
        switch (draw.random.nextInt(6)) {
          case 0 -> new Body.Register(channel.terms.owner(), channel.terms.voucherKey());
          case 1 -> new Body.Unregister(channel.terms.owner(), channel.terms.voucherKey());
          case 2, 3 -> new Body.Collect(amount);
          case 4 -> new Body.Bits(new BigInteger(31, draw.random).setBit(30), 32);
          default -> new Body.Empty();
        };
    BigInteger value =
        body instanceof Body.Collect
            ? draw.valueAround(amount.add(BigInteger.valueOf(Fees.gas(Fees.COLLECT))))
            : draw.value(10_000_000);
    return draw.planned(
        "settlement hears " + body.kind(),
        draw.anyWallet(),
        any(draw).terms.address(),
        value,
        body);
  }
}
