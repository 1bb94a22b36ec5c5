package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Draw.Planned;

/** Random operations on channels. Remembers what was signed, to use it again. */
final class ChannelOperations {
  private static final List<String> CLAIM_FAULTS =
      List.of(
          "replayed",
          "forged",
          "changed",
          "foreign network",
          "foreign channel",
          "foreign kind",
          "expired",
          "above voucher",
          "above deposit",
          "own hand");

  private final Map<TonAddress, List<Body.Claim>> claims = new HashMap<>();
  private final Map<TonAddress, List<Body.Release>> releases = new HashMap<>();

  /** What a client deposits, mostly; near 2^62 where amounts are to be huge. */
  private final long usual;

  ChannelOperations(boolean huge) {
    usual = huge ? Long.MAX_VALUE / 3 : 20 * Draw.TON;
  }

  private static ModelChannel any(Draw draw) {
    List<ModelChannel> open = draw.world.channels.stream().filter(ModelChannel::isOpen).toList();
    return open.isEmpty() || draw.chance(0.2) ? draw.pick(draw.world.channels) : draw.pick(open);
  }

  Planned deposit(Draw draw) {
    ModelChannel channel = draw.pick(draw.world.channels);
    double kind = draw.random.nextDouble();
    BigInteger amount = BigInteger.valueOf(1 + draw.upTo(usual));
    if (kind < 0.04) {
      amount = BigInteger.ZERO;
    } else if (kind < 0.08) {
      amount = Draw.TWO_TO_63.subtract(BigInteger.valueOf(channel.deposited));
    } else if (kind < 0.1) {
      amount = BigInteger.ONE.shiftLeft(64 + draw.random.nextInt(50));
    } else if (kind < 0.15) {
      amount = BigInteger.ONE;
    }
    TonAddress at = channel.terms.address();
    BigInteger least = channel.depositValue(amount, draw.world.balance(at));
    BigInteger most = BigInteger.ONE.shiftLeft(100);
    TonAddress from = draw.chance(0.9) ? channel.terms.owner() : draw.anyWallet();
    return draw.planned(
        channel.opensWithDeposit() ? "deposit, opening" : "deposit",
        from,
        at,
        draw.valueAround(least.min(most)),
        new Body.Deposit(amount));
  }

  Planned claim(Draw draw) {
    ModelChannel channel = any(draw);
    TonAddress at = channel.terms.address();
    String fault = draw.chance(0.55) ? "" : draw.pick(CLAIM_FAULTS);
    List<Body.Claim> old = claims.computeIfAbsent(at, _ -> new ArrayList<>());
    Body.Claim claim =
        fault.equals("replayed") && !old.isEmpty()
            ? draw.pick(old)
            : spoilt(draw, channel, fault, honest(draw, channel, fault));
    if (fault.isEmpty()) {
      old.add(claim);
    }
    long least = Fees.gas(Fees.CLAIM + Fees.COLLECT + Fees.BOUNCE) + 2 * Fees.MESSAGE;
    return draw.planned(
        fault.isEmpty() ? "claim" : "claim, " + fault,
        draw.anyWallet(),
        at,
        draw.value(least),
        claim);
  }

  private Body.Claim honest(Draw draw, ModelChannel channel, String fault) {
    long locked = channel.locked();
    long most = Long.MAX_VALUE - channel.claimed - locked;
    long charged = channel.claimed + draw.upTo(draw.chance(0.2) ? locked : locked / 3);
    if (fault.equals("above deposit")) {
      charged = channel.claimed + locked + draw.upTo(Math.min(most, Draw.TON));
    }
    long ceiling = charged + draw.upTo(Math.min(Long.MAX_VALUE - charged, 5 * Draw.TON));
    if (fault.equals("above voucher")) {
      ceiling = charged - 1 - draw.upTo(charged - 1);
    }
    return signed(draw, channel, charged, Math.max(0, ceiling), draw.expires(), draw.expires());
  }

  private static Body.Claim signed(
      Draw draw, ModelChannel channel, long charged, long ceiling, long expires, long until) {
    TonAddress at = channel.terms.address();
    Signatures signatures = draw.world.signatures;
    draw.world.invariants.signedUpTo(at, ceiling);
    return new Body.Claim(
        BigInteger.valueOf(charged),
        expires,
        signatures.charge(
            draw.routerKey(channel.terms.settlement()), Tvm.NETWORK, at, charged, expires),
        BigInteger.valueOf(ceiling),
        until,
        signatures.voucher(draw.clientKey(channel), Tvm.NETWORK, at, ceiling, until));
  }

  /** The same claim with something wrong with one of its signatures or ends. */
  private static Body.Claim spoilt(Draw draw, ModelChannel channel, String fault, Body.Claim good) {
    TonAddress at = channel.terms.address();
    TonAddress other = draw.pick(draw.world.channels).terms.address();
    ReceiptKey router = draw.routerKey(channel.terms.settlement());
    ReceiptKey client = draw.clientKey(channel);
    Signatures by = draw.world.signatures;
    long charged = good.charged().longValueExact();
    long ceiling = good.ceiling().longValueExact();
    long until = good.voucherExpires();
    boolean voucher = draw.chance(0.5);
    return switch (fault) {
      case "forged" ->
          voucher
              ? withVoucher(good, draw.flipped(good.voucherSignature()))
              : withCharge(good, draw.flipped(good.signature()));
      case "changed" -> changed(draw, good, voucher);
      case "foreign network" ->
          voucher
              ? withVoucher(good, by.voucher(client, Draw.FOREIGN_NETWORK, at, ceiling, until))
              : withCharge(
                  good, by.charge(router, Draw.FOREIGN_NETWORK, at, charged, good.expires()));
      case "foreign channel" ->
          voucher
              ? withVoucher(good, by.voucher(client, Tvm.NETWORK, other, ceiling, until))
              : withCharge(good, by.charge(router, Tvm.NETWORK, other, charged, good.expires()));
      case "foreign kind" ->
          voucher
              ? withVoucher(good, by.charge(client, Tvm.NETWORK, at, ceiling, until))
              : withCharge(good, by.voucher(router, Tvm.NETWORK, at, charged, good.expires()));
      case "own hand" ->
          voucher
              ? withVoucher(good, by.voucher(router, Tvm.NETWORK, at, ceiling, until))
              : withCharge(good, by.charge(client, Tvm.NETWORK, at, charged, good.expires()));
      case "expired" -> {
        long past = draw.world.now - 1 - draw.upTo(World.DELAY);
        yield signed(
            draw,
            channel,
            charged,
            ceiling,
            voucher ? good.expires() : past,
            voucher ? past : until);
      }
      default -> good;
    };
  }

  /** Says more than was signed. */
  private static Body.Claim changed(Draw draw, Body.Claim good, boolean voucher) {
    BigInteger more = draw.chance(0.2) ? Draw.TWO_TO_63 : BigInteger.valueOf(1 + draw.upTo(9));
    return voucher
        ? new Body.Claim(
            good.charged(),
            good.expires(),
            good.signature(),
            good.ceiling().add(more),
            good.voucherExpires(),
            good.voucherSignature())
        : new Body.Claim(
            good.charged(),
            good.expires() + 1,
            good.signature(),
            good.ceiling(),
            good.voucherExpires(),
            good.voucherSignature());
  }

  private static Body.Claim withVoucher(Body.Claim claim, String signature) {
    return new Body.Claim(
        claim.charged(),
        claim.expires(),
        claim.signature(),
        claim.ceiling(),
        claim.voucherExpires(),
        signature);
  }

  private static Body.Claim withCharge(Body.Claim claim, String signature) {
    return new Body.Claim(
        claim.charged(),
        claim.expires(),
        signature,
        claim.ceiling(),
        claim.voucherExpires(),
        claim.voucherSignature());
  }

  Planned withdraw(Draw draw) {
    ModelChannel channel = any(draw);
    boolean all = draw.chance(0.35);
    BigInteger amount =
        all ? BigInteger.ZERO : BigInteger.valueOf(1 + draw.upTo(2 * (channel.locked() / 3)));
    if (draw.chance(0.05)) {
      amount = Draw.TWO_TO_63.add(BigInteger.valueOf(draw.upTo(9)));
    }
    return draw.planned(
        all ? "withdraw all" : "withdraw",
        draw.mostly(channel.terms.owner()),
        channel.terms.address(),
        draw.value(Fees.gas(Fees.CHANNEL_REST) + Fees.MESSAGE),
        new Body.Withdraw(amount));
  }

  Planned finish(Draw draw) {
    List<ModelChannel> waiting =
        draw.world.channels.stream().filter(channel -> channel.unlockAt != 0).toList();
    ModelChannel channel = waiting.isEmpty() || draw.chance(0.3) ? any(draw) : draw.pick(waiting);
    return draw.planned(
        "finish",
        draw.chance(0.5) ? channel.terms.owner() : draw.anyWallet(),
        channel.terms.address(),
        draw.value(ModelChannel.payoutValue()),
        new Body.Finish());
  }

  Planned release(Draw draw) {
    ModelChannel channel = any(draw);
    TonAddress at = channel.terms.address();
    List<Body.Release> old = releases.computeIfAbsent(at, _ -> new ArrayList<>());
    String fault =
        draw.chance(0.55)
            ? ""
            : draw.pick(
                List.of(
                    "replayed",
                    "forged",
                    "foreign",
                    "expired",
                    "before the claim",
                    "too much",
                    "nonsense"));
    Body.Release release =
        fault.equals("replayed") && !old.isEmpty() ? draw.pick(old) : made(draw, channel, fault);
    if (fault.isEmpty()) {
      old.add(release);
    }
    return draw.planned(
        fault.isEmpty() ? "release" : "release, " + fault,
        draw.mostly(channel.terms.owner()),
        at,
        draw.value(ModelChannel.payoutValue()),
        release);
  }

  private static Body.Release made(Draw draw, ModelChannel channel, String fault) {
    long charged = channel.claimed - (draw.chance(0.2) ? draw.upTo(channel.claimed) : 0);
    long withdrawn = channel.withdrawn + 1 + draw.upTo(channel.locked() / 2);
    boolean closes = draw.chance(0.3);
    long expires = draw.expires();
    int network = Tvm.NETWORK;
    TonAddress at = channel.terms.address();
    switch (fault) {
      case "expired" -> expires = draw.world.now - 1 - draw.upTo(World.DELAY);
      case "before the claim" -> charged = channel.claimed + 1 + draw.upTo(9);
      case "too much" -> {
        withdrawn = channel.withdrawn + channel.locked() + 1;
        closes = false;
      }
      case "foreign" -> {
        boolean abroad = draw.chance(0.5);
        network = abroad ? Draw.FOREIGN_NETWORK : Tvm.NETWORK;
        at = abroad ? at : draw.pick(draw.world.channels).terms.address();
      }
      default -> {}
    }
    ReceiptKey key = draw.routerKey(channel.terms.settlement());
    String signature =
        draw.world.signatures.release(key, network, at, charged, withdrawn, closes, expires);
    return new Body.Release(
        BigInteger.valueOf(charged),
        BigInteger.valueOf(withdrawn),
        fault.equals("nonsense") ? 2 + draw.random.nextInt(200) : closes ? 1 : 0,
        expires,
        fault.equals("forged") ? draw.flipped(signature) : signature);
  }

  /** What only the settlement contract may say, or nobody does. */
  Planned strange(Draw draw) {
    TonAddress at = any(draw).terms.address();
    double kind = draw.random.nextDouble();
    Body body = new Body.Empty();
    if (kind < 0.3) {
      body = new Body.RouterClose();
    } else if (kind < 0.4) {
      body = new Body.Stake(BigInteger.ONE);
    } else if (kind < 0.5) {
      body = new Body.Bits(new BigInteger(31, draw.random), 32);
    } else if (kind < 0.6) {
      body = new Body.Bits(BigInteger.valueOf(draw.random.nextInt(2)), 1 + draw.random.nextInt(31));
    }
    return draw.planned(
        "channel hears " + body.kind(), draw.anyWallet(), at, draw.value(20_000_000), body);
  }
}
