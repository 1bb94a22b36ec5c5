package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.Disagreement.check;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Draw.Planned;

/**
 * A life of a network: so many random operations, then everybody leaves without any router.
 *
 * <p>Each operation draws from a source of its own, so that an episode can be repeated with some of
 * them left out. In half of the episodes messages arrive at once and in order; in the other half
 * they wait, overtake each other, are lost and doubled, and accounts are away for a while.
 */
final class Episode {
  /** Long enough for several epochs, short enough to see many endings. */
  static final int OPERATIONS = 250;

  private static final long MAX_LIFE_SECONDS = 3L * 31_557_600;
  private static final int MAX_UNDER_WAY = 12;

  /** The delay is for people; messages are quicker. */
  private static final long MAX_TRAVEL_SECONDS = 600;

  private final World world;
  private final long seed;
  private final int number;
  private final boolean orderly;
  private final ChannelOperations channels;
  private final SettlementOperations settlements;

  Episode(Tvm tvm, Coverage coverage, long seed, int number) {
    this.world = new World(tvm, coverage);
    this.seed = seed;
    this.number = number;
    Random random = random(-1);
    orderly = number % 2 == 0;
    boolean huge = random.nextInt(8) == 0;
    channels = new ChannelOperations(huge);
    settlements =
        new SettlementOperations(huge, random.nextInt(6) == 0 ? 60 + random.nextInt(75) : 3);
  }

  private Random random(int operation) {
    long mixed = (seed * 1_000_003 + number) * 1_000_003 + operation;
    return new Random(mixed * 0x9E3779B97F4A7C15L);
  }

  /** Runs all but these operations, or until something is wrong. */
  void run(int operations, Set<Integer> left) {
    for (int i = 0; i < operations; i++) {
      if (!left.contains(i)) {
        world.coverage.operation();
        Draw draw = new Draw(world, random(i));
        if (orderly || draw.chance(0.6)) {
          inject(draw, i < 8 ? begin(draw, i) : choose(draw));
        } else {
          disturb(draw);
        }
        settle(draw);
      }
    }
    everybodyLeaves(new Draw(world, random(operations)));
  }

  private void inject(Draw draw, Planned planned) {
    world.send(planned.label(), planned.message(), draw.random);
  }

  /** Delivers what is under way: all of it, or enough that it does not become too much. */
  private void settle(Draw draw) {
    while (!world.underWay.isEmpty() && (orderly || world.underWay.size() > MAX_UNDER_WAY)) {
      world.deliver(world.underWay.getFirst(), false, draw.random);
    }
    if (orderly && draw.chance(0.03)) {
      away(draw);
    }
  }

  private Planned begin(Draw draw, int step) {
    return switch (step) {
      case 0 ->
          draw.planned(
              "registry hears empty",
              world.wallet("admin"),
              world.registryAddress(),
              BigInteger.valueOf(Draw.TON),
              new Body.Empty());
      case 1 -> settlements.stake(draw, world.settlements.getFirst(), true);
      case 2 -> settlements.stake(draw, world.settlements.getLast(), draw.chance(0.7));
      default -> channels.deposit(draw);
    };
  }

  private Planned choose(Draw draw) {
    pass(draw);
    int kind = draw.random.nextInt(100);
    if (kind < 12) {
      return channels.deposit(draw);
    } else if (kind < 34) {
      return channels.claim(draw);
    } else if (kind < 41) {
      return channels.withdraw(draw);
    } else if (kind < 49) {
      return channels.finish(draw);
    } else if (kind < 55) {
      return channels.release(draw);
    } else if (kind < 58) {
      return channels.strange(draw);
    } else if (kind < 66) {
      return settlements.commit(draw);
    } else if (kind < 76) {
      return settlements.payout(draw);
    } else if (kind < 79) {
      return settlements.prepay(draw);
    } else if (kind < 81) {
      return settlements.stake(draw);
    } else if (kind < 83) {
      return settlements.slash(draw);
    } else if (kind < 86) {
      return settlements.closeChannel(draw);
    } else if (kind < 88) {
      return settlements.owner(draw, draw.chance(0.25) ? new Body.Retire() : new Body.Sweep());
    } else if (kind < 90) {
      return settlements.unstake(draw);
    } else if (kind < 92) {
      return settlements.strange(draw);
    } else if (kind < 98) {
      return RegistryOperations.any(draw);
    }
    return kind < 99 ? RegistryOperations.fine(draw) : RegistryOperations.strange(draw);
  }

  /** Time goes on by seconds, by a delay, to the very second of an unlocking, or by a month. */
  private void pass(Draw draw) {
    double kind = draw.random.nextDouble();
    long seconds = draw.upTo(20);
    if (kind < 0.04) {
      seconds = World.DELAY;
    } else if (kind < 0.1) {
      ModelChannel channel = draw.pick(world.channels);
      seconds = channel.unlockAt - world.now - draw.random.nextInt(2);
    } else if (kind < 0.102) {
      seconds = 30 * 86_400L;
    } else if (kind < 0.6) {
      return;
    }
    if (seconds > MAX_TRAVEL_SECONDS) {
      deliverAll(draw);
    }
    if (seconds > 0 && world.now + seconds < World.START + MAX_LIFE_SECONDS) {
      world.pass(seconds);
    }
  }

  /** Something happens to messages or accounts. */
  private void disturb(Draw draw) {
    if (draw.chance(0.08)) {
      away(draw);
      return;
    }
    if (world.underWay.isEmpty()) {
      inject(draw, choose(draw));
      return;
    }
    Message message = draw.pick(world.underWay);
    if (!draw.chance(0.05)) {
      message = firstOfWay(message);
    } else if (!message.equals(firstOfWay(message))) {
      world.invariants.reordered(message);
    }
    if (betweenContracts(message) && draw.chance(0.06)) {
      world.drop(message);
    } else {
      world.deliver(message, betweenContracts(message) && draw.chance(0.06), draw.random);
    }
  }

  /** TON keeps the order of messages from one account to another. */
  private Message firstOfWay(Message message) {
    return world.underWay.stream()
        .filter(one -> one.from().equals(message.from()) && one.to().equals(message.to()))
        .findFirst()
        .orElse(message);
  }

  private boolean betweenContracts(Message message) {
    return (world.channel(message.from()) != null && world.settlement(message.to()) != null)
        || (world.settlement(message.from()) != null && world.channel(message.to()) != null);
  }

  /** An account goes away, or all come back. */
  private void away(Draw draw) {
    if (!world.broken.isEmpty() && draw.chance(0.6)) {
      healAll();
      return;
    }
    List<TonAddress> candidates = new ArrayList<>(world.wallets.values());
    candidates.add(world.registryAddress());
    world.settlements.forEach(settlement -> candidates.add(settlement.terms.address()));
    TonAddress account = draw.pick(candidates);
    if (world.deployed.contains(account) && !world.broken.contains(account)) {
      world.damage(account, draw.chance(0.5));
    }
  }

  private void healAll() {
    for (TonAddress account : List.copyOf(world.broken)) {
      world.heal(account);
    }
  }

  private void deliverAll(Draw draw) {
    while (!world.underWay.isEmpty()) {
      world.deliver(world.underWay.getFirst(), false, draw.random);
    }
  }

  /** With the router dead, every client gets out all that was not claimed, within the delay. */
  private void everybodyLeaves(Draw draw) {
    healAll();
    deliverAll(draw);
    for (ModelChannel channel : world.channels) {
      if (channel.phase == ModelChannel.Phase.OPEN) {
        leave(draw, channel, new Body.Withdraw(BigInteger.ZERO));
      }
    }
    world.pass(World.DELAY);
    for (ModelChannel channel : world.channels) {
      if (channel.phase == ModelChannel.Phase.CLOSING || channel.locked() > 0) {
        leave(draw, channel, new Body.Finish());
      }
    }
    deliverAll(draw);
    for (ModelChannel channel : world.channels) {
      check(
          !channel.isOpen() && channel.locked() == 0,
          "%s keeps %s",
          channel.terms.address(),
          channel.locked());
    }
  }

  private void leave(Draw draw, ModelChannel channel, Body body) {
    BigInteger value = BigInteger.valueOf(Draw.TON);
    TonAddress owner = channel.terms.owner();
    Message message =
        new Message(-1, owner, channel.terms.address(), value, true, false, BigInteger.ZERO, body);
    Outcome outcome = world.send("leave: " + body.kind(), message, draw.random);
    check(outcome instanceof Outcome.Accepted, "%s cannot leave: %s", owner, outcome);
  }
}
