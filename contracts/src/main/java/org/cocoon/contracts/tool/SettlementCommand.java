package org.cocoon.contracts.tool;

import java.io.IOException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.ton.Cell;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code settlement}: one router's stake, and what it collected. */
@Command(
    name = "settlement",
    description = "One router's stake, and what it collected for workers.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon chain settlement deploy --key operator.key --registry EQ... \\",
      "    --router-key 64DIGITS --min-stake 100 --stake 100",
      "  ./cocoon chain settlement read EQ...",
      "  ./cocoon chain settlement retire EQ... --key operator.key",
      "  ./cocoon chain settlement slash EQ... --key anybody.key --first TEXT --second TEXT"
    })
final class SettlementCommand {
  private static final FeeSchedule FEES = FeeSchedule.BASECHAIN;

  private final Errand errand;

  SettlementCommand(Errand errand) {
    this.errand = errand;
  }

  @Command(
      name = "deploy",
      description = "Deploy a settlement contract with its first stake; the wallet owns it.",
      mixinStandardHelpOptions = true)
  int deploy(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Option(
              names = "--registry",
              required = true,
              paramLabel = "ADDRESS",
              description = "The root contract, which gets most of a slashed stake.")
          String registry,
      @Option(
              names = "--router-key",
              required = true,
              paramLabel = "HEX",
              description = "The key that signs the router's receipts: 64 digits.")
          String routerKey,
      @Option(
              names = "--delay",
              paramLabel = "SPAN",
              defaultValue = "24h",
              description = "That clients wait for a withdrawal (default ${DEFAULT-VALUE}).")
          String delay,
      @Option(
              names = "--min-stake",
              paramLabel = "TON",
              defaultValue = "100",
              description = "Below which it takes no channel (default ${DEFAULT-VALUE}).")
          String minStake,
      @Option(
              names = "--stake",
              required = true,
              paramLabel = "TON",
              description = "What is staked at once.")
          String stake)
      throws ToolException, ChainException, IOException {
    TonAddress root = Errand.address(registry);
    byte[] key = Amounts.bytes32("--router-key", routerKey);
    long seconds = Amounts.seconds(delay);
    NanoTon least = Amounts.ton(minStake);
    NanoTon amount = Amounts.ton(stake);
    return errand.send(
        network,
        options,
        (chain, wallet) -> {
          var terms = new SettlementContract.Terms(root, wallet.address(), key, seconds, least);
          var init = SettlementContract.stateInit(terms);
          if (chain.account(init.address()).isActive()) {
            throw new ToolException(
                ToolException.REFUSED,
                "this contract is there already: settlement stake " + init.address());
          }
          return new Errand.Order(
              "deploy a settlement contract with a stake of " + amount,
              Outgoing.deploying(init, FEES.stake(amount), SettlementContract.stake(0, amount)),
              new Screen.Page().put("settlement", init.address()));
        });
  }

  @Command(
      name = "read",
      description = "Show a settlement contract.",
      mixinStandardHelpOptions = true)
  int read(
      @Mixin NetworkOptions network,
      @Parameters(paramLabel = "ADDRESS", description = "Of the contract.") String address)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.read(
        network,
        chain -> {
          SettlementContract.State state = state(chain, at);
          HexFormat hex = HexFormat.of();
          return new Screen.Page()
              .put("settlement", at)
              .put("status", state.status().name().toLowerCase(Locale.ROOT))
              .put("registry", state.terms().registry())
              .put("owner", state.terms().owner())
              .put("router_key", hex.formatHex(state.terms().routerKey()))
              .put("delay_seconds", state.terms().delaySeconds())
              .put("min_stake", state.terms().minStake())
              .put("stake", state.stake())
              .put("open_channels", state.openChannels())
              .put("collected", state.collected())
              .put("earned", state.earned())
              .put("paid", state.paid())
              .put("balance", chain.account(at).balance())
              .put("epoch", state.epoch())
              .put("root", hex.formatHex(state.root()))
              .put(
                  "committed_at",
                  state.committedAt() == 0 ? "" : Instant.ofEpochSecond(state.committedAt()));
        });
  }

  @Command(
      name = "stake",
      description = "Add to the stake; only the owner can.",
      mixinStandardHelpOptions = true)
  int stake(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(index = "0", paramLabel = "ADDRESS", description = "Of the contract.")
          String address,
      @Parameters(index = "1", paramLabel = "TON", description = "How much.") String amount)
      throws ToolException, ChainException, IOException {
    NanoTon more = Amounts.ton(amount);
    Cell body = SettlementContract.stake(0, more);
    return send(network, options, address, "stake " + more, FEES.stake(more), body);
  }

  @Command(
      name = "retire",
      description = "Take no new channels; only the owner can, and not take it back.",
      mixinStandardHelpOptions = true)
  int retire(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the contract.") String address)
      throws ToolException, ChainException, IOException {
    Cell body = SettlementContract.retire(0);
    return send(network, options, address, "retire", FEES.settlementRest(), body);
  }

  @Command(
      name = "unstake",
      description = "Take the stake out, when no channel is open and the delay is over.",
      mixinStandardHelpOptions = true)
  int unstake(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the contract.") String address)
      throws ToolException, ChainException, IOException {
    Cell body = SettlementContract.unstake(0);
    return send(network, options, address, "take the stake", FEES.settlementRest(), body);
  }

  @Command(
      name = "sweep",
      description = "Take what is above the contract's debts and reserve; only the owner can.",
      mixinStandardHelpOptions = true)
  int sweep(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the contract.") String address)
      throws ToolException, ChainException, IOException {
    Cell body = SettlementContract.sweep(0);
    return send(network, options, address, "sweep", FEES.settlementRest(), body);
  }

  @Command(
      name = "slash",
      description = {
        "Show two commitments of one epoch that a router signed, for a tenth of its stake; anybody"
            + " can. They are given as text, as routers hand them out."
      },
      mixinStandardHelpOptions = true)
  int slash(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the contract.") String address,
      @Option(names = "--first", required = true, paramLabel = "TEXT", description = "One.")
          String first,
      @Option(names = "--second", required = true, paramLabel = "TEXT", description = "Another.")
          String second)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    Commitment one = commitment("--first", first);
    Commitment other = commitment("--second", second);
    if (one.epoch() != other.epoch() || java.util.Arrays.equals(one.hash(), other.hash())) {
      throw Amounts.usage("these two do not contradict each other: nothing to slash for");
    }
    return errand.send(
        network,
        options,
        (chain, _) -> {
          SettlementContract.State state = state(chain, at);
          for (Commitment each : new Commitment[] {one, other}) {
            if (!each.isSignedBy(state.terms().routerKey())
                || each.networkId() != chain.networkId()
                || !each.contract().equals(at)) {
              throw new ToolException(
                  ToolException.REFUSED, "this router did not sign both for this contract");
            }
          }
          return new Errand.Order(
              "slash " + at,
              Outgoing.to(at, FEES.slash(), SettlementContract.slash(0, one, other)));
        });
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

  static SettlementContract.State state(Chain chain, TonAddress address)
      throws ToolException, ChainException {
    return SettlementContract.read(chain, address)
        .orElseThrow(
            () -> new ToolException(ToolException.REFUSED, "there is no contract at " + address));
  }

  private static Commitment commitment(String option, String text) throws ToolException {
    try {
      return Commitment.parse(text);
    } catch (IllegalArgumentException e) {
      throw Amounts.usage("%s is no commitment: %s", option, String.valueOf(e.getMessage()));
    }
  }
}
