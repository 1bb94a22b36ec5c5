package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;

/** Draws what random operations are made of. */
final class Draw {
  static final int FOREIGN_NETWORK = -3;
  static final BigInteger TWO_TO_63 = BigInteger.ONE.shiftLeft(63);
  static final long TON = 1_000_000_000;

  /** A message from outside, under the name that the coverage table has for it. */
  record Planned(String label, Message message) {}

  final World world;
  final Random random;

  Draw(World world, Random random) {
    this.world = world;
    this.random = random;
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  /** 0 to this. */
  long upTo(long most) {
    return most <= 0 ? 0 : (random.nextLong() >>> 1) % (most + 1);
  }

  String bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Mostly enough, sometimes exactly, just not, or hardly any. */
  BigInteger value(long least) {
    double kind = random.nextDouble();
    if (kind < 0.8) {
      return BigInteger.valueOf(least + 50_000_000 + upTo(100_000_000));
    }
    if (kind < 0.87) {
      return BigInteger.valueOf(least);
    }
    if (kind < 0.94) {
      return BigInteger.valueOf(least - 1);
    }
    return BigInteger.valueOf(upTo(kind < 0.97 ? 400_000 : least));
  }

  /** As {@link #value(long)}, around a least value that may be huge. */
  BigInteger valueAround(BigInteger least) {
    double kind = random.nextDouble();
    if (kind < 0.8) {
      return least.add(BigInteger.valueOf(50_000_000 + upTo(500_000_000)));
    }
    if (kind < 0.87) {
      return least;
    }
    if (kind < 0.94) {
      return least.subtract(BigInteger.ONE);
    }
    return BigInteger.valueOf(upTo(kind < 0.97 ? 400_000 : 10 * TON));
  }

  TonAddress anyWallet() {
    return pick(List.copyOf(world.wallets.values()));
  }

  /** The one who may, mostly. */
  TonAddress mostly(TonAddress right) {
    return chance(0.93) ? right : anyWallet();
  }

  Planned planned(String label, TonAddress from, TonAddress to, BigInteger value, Body body) {
    BigInteger query = new BigInteger(64, random);
    return new Planned(label, new Message(-1, from, to, value, chance(0.9), false, query, body));
  }

  /** A later second, or the one in which it ends, mostly. */
  long expires() {
    return chance(0.1) ? world.now : world.now + 1 + upTo(20 * World.DELAY);
  }

  ReceiptKey routerKey(TonAddress settlement) {
    for (int i = 0; i < World.ROUTERS; i++) {
      if (world.settlements.get(i).terms.address().equals(settlement)) {
        return world.routerKeys.get(i);
      }
    }
    throw new IllegalArgumentException("no settlement contract: " + settlement);
  }

  ReceiptKey clientKey(ModelChannel channel) {
    for (ReceiptKey key : world.clientKeys) {
      if (Signatures.hex(key).equals(channel.terms.voucherKey())) {
        return key;
      }
    }
    throw new IllegalArgumentException("no client's key: " + channel.terms.voucherKey());
  }

  /** With one bit changed. */
  String flipped(String signature) {
    byte[] bytes = HexFormat.of().parseHex(signature);
    int bit = random.nextInt(bytes.length * 8);
    bytes[bit >> 3] ^= (byte) (1 << (bit & 7));
    return HexFormat.of().formatHex(bytes);
  }
}
