package org.cocoon.contracts.tool;

import java.io.IOException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.ton.Cell;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code channel}: one client's deposit with one router. */
@Command(
    name = "channel",
    description = "One client's deposit with one router.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon chain channel address --settlement EQ... --owner UQ... --voucher-key 64DIGITS",
      "  ./cocoon chain channel deposit 5 --settlement EQ... --voucher-key 64DIGITS --key my.key",
      "  ./cocoon chain channel withdraw EQ... --all --key my.key",
      "  ./cocoon chain channel finish EQ... --key my.key"
    })
final class ChannelCommand {
  private static final FeeSchedule FEES = FeeSchedule.BASECHAIN;

  private final Errand errand;

  ChannelCommand(Errand errand) {
    this.errand = errand;
  }

  @Command(
      name = "address",
      description = "Say where a client's channel with a router is, or will be.",
      mixinStandardHelpOptions = true)
  int address(
      @Mixin NetworkOptions network,
      @Option(
              names = "--settlement",
              required = true,
              paramLabel = "ADDRESS",
              description = "The router's settlement contract.")
          String settlement,
      @Option(
              names = "--owner",
              required = true,
              paramLabel = "ADDRESS",
              description = "The client's wallet.")
          String owner,
      @Option(
              names = "--voucher-key",
              required = true,
              paramLabel = "HEX",
              description = "The public key that signs the client's vouchers: 64 digits.")
          String voucherKey)
      throws ToolException, ChainException, IOException {
    TonAddress router = Errand.address(settlement);
    TonAddress client = Errand.address(owner);
    byte[] key = Amounts.bytes32("--voucher-key", voucherKey);
    return errand.read(
        network,
        chain ->
            new Screen.Page()
                .put("channel", ChannelContract.address(terms(chain, router, client, key))));
  }

  @Command(name = "read", description = "Show a channel.", mixinStandardHelpOptions = true)
  int read(
      @Mixin NetworkOptions network,
      @Parameters(paramLabel = "ADDRESS", description = "Of the channel.") String address)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.read(
        network,
        chain -> {
          ChannelContract.State state = state(chain, at);
          return new Screen.Page()
              .put("channel", at)
              .put("status", state.status().name().toLowerCase(Locale.ROOT))
              .put("owner", state.terms().owner())
              .put("settlement", state.terms().settlement())
              .put("voucher_key", HexFormat.of().formatHex(state.terms().voucherKey()))
              .put("delay_seconds", state.terms().delaySeconds())
              .put("deposited", state.deposited())
              .put("claimed", state.claimed())
              .put("withdrawn", state.withdrawn())
              .put("locked", state.locked())
              .put("pending", state.pending())
              .put(
                  "unlocks_at",
                  state.unlockAt() == 0 ? "" : Instant.ofEpochSecond(state.unlockAt()));
        });
  }

  @Command(
      name = "deposit",
      description = "Deposit into the wallet's channel with a router; the first one opens it.",
      mixinStandardHelpOptions = true)
  int deposit(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "TON", description = "How much.") String amount,
      @Option(
              names = "--settlement",
              required = true,
              paramLabel = "ADDRESS",
              description = "The router's settlement contract.")
          String settlement,
      @Option(
              names = "--voucher-key",
              required = true,
              paramLabel = "HEX",
              description = "The public key that signs the client's vouchers: 64 digits.")
          String voucherKey)
      throws ToolException, ChainException, IOException {
    NanoTon deposit = Amounts.ton(amount);
    TonAddress router = Errand.address(settlement);
    byte[] key = Amounts.bytes32("--voucher-key", voucherKey);
    return errand.send(
        network,
        options,
        (chain, wallet) -> {
          var init = ChannelContract.stateInit(terms(chain, router, wallet.address(), key));
          Cell body = ChannelContract.deposit(0, deposit);
          NanoTon value = FEES.deposit(deposit);
          return new Errand.Order(
              "deposit %s into %s".formatted(deposit, init.address()),
              chain.account(init.address()).isActive()
                  ? Outgoing.to(init.address(), value, body)
                  : Outgoing.deploying(init, value, body),
              new Screen.Page().put("channel", init.address()));
        });
  }

  @Command(
      name = "withdraw",
      description = "Ask for Toncoin back; after the delay, finish pays it.",
      mixinStandardHelpOptions = true)
  int withdraw(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the channel.") String address,
      @Option(names = "--amount", paramLabel = "TON", description = "How much.")
          @Nullable String amount,
      @Option(names = "--all", description = "Everything, and close the channel.") boolean all)
      throws ToolException, ChainException, IOException {
    if (all == (amount != null)) {
      throw Amounts.usage("say how much: either --amount TON or --all");
    }
    NanoTon wanted = amount == null ? NanoTon.ZERO : Amounts.ton(amount);
    if (!all && wanted.equals(NanoTon.ZERO)) {
      throw Amounts.usage("an amount of 0 would mean everything: say --all");
    }
    return send(
        network,
        options,
        address,
        all ? "ask for everything back" : "ask for %s back".formatted(wanted),
        FEES.withdraw(),
        ChannelContract.withdraw(0, wanted));
  }

  @Command(
      name = "finish",
      description = "Pay out what was asked for, when the delay is over; anybody can.",
      mixinStandardHelpOptions = true)
  int finish(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the channel.") String address)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.send(
        network,
        options,
        (chain, _) -> {
          ChannelContract.State state = state(chain, at);
          long now = chain.account(at).seconds();
          if (state.unlockAt() > now) {
            throw new ToolException(
                ToolException.REFUSED,
                "the delay is over at %s, in %d s: try again then"
                    .formatted(Instant.ofEpochSecond(state.unlockAt()), state.unlockAt() - now));
          }
          return new Errand.Order(
              "finish the withdrawal at " + at,
              Outgoing.to(at, FEES.finish(), ChannelContract.finish(0)));
        });
  }

  @Command(
      name = "release",
      description = "Withdraw without a delay, with a release that the router signed.",
      mixinStandardHelpOptions = true)
  int release(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the channel.") String address,
      @Option(
              names = "--statement",
              required = true,
              paramLabel = "TEXT",
              description = "The release, as the router gave it.")
          String statement)
      throws ToolException, ChainException, IOException {
    Release release;
    try {
      release = Release.parse(statement);
    } catch (IllegalArgumentException e) {
      throw Amounts.usage("--statement is no release: %s", String.valueOf(e.getMessage()));
    }
    TonAddress at = Errand.address(address);
    if (!release.contract().equals(at) || release.networkId() != network.network().id()) {
      throw Amounts.usage("this release is for another channel or network: %s", release.contract());
    }
    return send(
        network,
        options,
        address,
        "withdraw by the router's release",
        FEES.finish(),
        ChannelContract.release(0, release));
  }

  private int send(
      NetworkOptions network,
      SendOptions options,
      String address,
      String what,
      NanoTon value,
      Cell body)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.send(
        network,
        options,
        (chain, wallet) -> {
          if (!state(chain, at).terms().owner().equals(wallet.address())) {
            throw new ToolException(ToolException.REFUSED, "this wallet does not own " + at);
          }
          return new Errand.Order(what + " at " + at, Outgoing.to(at, value, body));
        });
  }

  private static ChannelContract.Terms terms(
      Chain chain, TonAddress settlement, TonAddress owner, byte[] voucherKey)
      throws ToolException, ChainException {
    SettlementContract.State state = SettlementCommand.state(chain, settlement);
    if (!SettlementContract.address(state.terms()).equals(settlement)) {
      throw new ToolException(
          ToolException.REFUSED,
          settlement + " is no settlement contract of this version: deposit nothing there");
    }
    return SettlementContract.channelTerms(state.terms(), owner, voucherKey);
  }

  private static ChannelContract.State state(Chain chain, TonAddress address)
      throws ToolException, ChainException {
    return ChannelContract.read(chain, address)
        .orElseThrow(
            () -> new ToolException(ToolException.REFUSED, "there is no channel at " + address));
  }
}
