package org.cocoon.client.account;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.FieldPage;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.Amounts;
import org.cocoon.client.pay.ReceiptRules;
import org.cocoon.client.pay.RouterTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import picocli.CommandLine.Command;

/** {@code balance}: what the account has, by the router and by the chain. */
@Command(
    name = "balance",
    description =
        "Show what your account has and used, how to add money, and whether the chain says the"
            + " same of your channel.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cocoon balance",
      "  cocoon balance --json",
      "",
      AccountCommand.EXIT_CODES
    })
public final class BalanceCommand extends AccountCommand {
  /** Makes the command. */
  public BalanceCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    Optional<String> key = options.key(environment);
    try (CocoonClient client = options.client(command(), environment, key)) {
      Json account = client.call("GET", "account", Optional.empty()).body();
      List<String> contradictions =
          account.at("channel").isPresent() ? onChain(account, key) : List.of();
      if (json) {
        write(
            out -> {
              out.writeStartObject();
              for (Map.Entry<String, Json> field : account.fields().entrySet()) {
                out.writeFieldName(field.getKey());
                field.getValue().write(out);
              }
              out.writeArrayFieldStart("contradictions");
              for (String one : contradictions) {
                out.writeString(one);
              }
              out.writeEndArray();
              out.writeEndObject();
            });
      } else {
        terminal.out().print(page(account));
        contradictions.forEach(one -> say("CONTRADICTION: " + one));
      }
      return contradictions.isEmpty() ? 0 : 1;
    }
  }

  private String page(Json account) {
    FieldPage page = new FieldPage(terminal);
    page.heading("Account " + account.at("account").text("?"));
    page.field("balance", Amounts.of(account, "balance_nanoton"))
        .field("paid in", Amounts.of(account, "deposited_nanoton"))
        .field("used", Amounts.of(account, "used_nanoton"))
        .field("taken out", Amounts.of(account, "withdrawn_nanoton"))
        .field(
            "at routers",
            Amounts.of(account, "leased_nanoton"),
            "lent for requests, unused comes back");
    Json channel = account.at("channel");
    if (channel.isPresent()) {
      page.heading("Channel")
          .field("address", channel.at("address").text("?"))
          .field("status", channel.at("status").text("?"))
          .field("paid in", Amounts.of(channel, "deposited_nanoton"))
          .field("allowed", Amounts.of(channel, "ceiling_nanoton"), "by your voucher, in all")
          .field("owed", Amounts.of(channel, "due_nanoton"), "for what was used")
          .field("claimed", Amounts.of(channel, "claimed_nanoton"), "of it, on the chain")
          .field("free", Amounts.of(channel, "withdrawable_nanoton"), "cocoon withdraw");
    }
    Json prepay = account.at("prepay");
    if (prepay.isPresent()) {
      page.heading("Prepaid credit")
          .field("unused", Amounts.of(account, "refundable_nanoton"))
          .field("to add", prepay.at("link").text("?"));
    }
    return page.render();
  }

  /** What the router says of the channel that the chain does not. */
  private List<String> onChain(Json account, Optional<String> key)
      throws IOException, ChainException {
    Json said = account.at("channel");
    List<String> wrong = new ArrayList<>();
    try (RouterDesk desk = RouterDesk.open(this, key)) {
      RouterTerms terms = desk.terms();
      TonAddress owner = address(said, "owner");
      byte[] voucherKey =
          HexFormat.of().parseHex(ReceiptRules.key(said.at("voucher_key").text("")));
      ChannelContract.Terms channel = terms.channel(owner, voucherKey);
      if (!ChannelContract.address(channel).equals(address(said, "address"))) {
        wrong.add("owner and voucher key make another channel than the router names.");
        return wrong;
      }
      Optional<ChannelContract.State> state = desk.channel(channel);
      if (state.isEmpty()) {
        step("the chain has no such channel yet");
        return wrong;
      }
      // The router may be some seconds behind: less than the chain says is no contradiction.
      if (Amounts.of(said, "deposited_nanoton").compareTo(state.get().deposited()) > 0) {
        wrong.add(
            "the router says that more was paid in than the chain: " + state.get().deposited());
      }
      if (Amounts.of(said, "claimed_nanoton").compareTo(state.get().claimed()) > 0) {
        wrong.add("the router says that it claimed more than the chain: " + state.get().claimed());
      }
      if (Amounts.of(said, "due_nanoton").compareTo(Amounts.of(said, "ceiling_nanoton")) > 0) {
        wrong.add("the router says that it is owed more than your voucher allows.");
      }
      step("compared with the chain: %s is there".formatted(state.get().locked()));
    } catch (IllegalArgumentException e) {
      wrong.add("what the router says of the channel cannot be: " + e.getMessage());
    }
    return wrong;
  }

  private static TonAddress address(Json said, String name) {
    return TonAddress.parse(said.at(name).text(""));
  }
}
