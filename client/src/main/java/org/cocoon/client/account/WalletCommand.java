package org.cocoon.client.account;

import java.io.IOException;
import java.util.Map;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Wallet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code wallet}: where your Toncoin is. */
@Command(
    name = "wallet",
    description = "Make a wallet for Toncoin, or show it.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {"", "Examples:", "  cocoon wallet new", "  cocoon wallet show"})
public final class WalletCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private WalletCommand() {}

  /** The command with its subcommands. */
  public static CommandLine commandLine(Terminal terminal, Map<String, String> environment) {
    return new CommandLine(new WalletCommand())
        .addSubcommand(new New(terminal, environment))
        .addSubcommand(new Show(terminal, environment));
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(spec.commandLine(), "say what to do: new or show");
    }
  }

  /** {@code wallet new}. */
  @Command(
      name = "new",
      description = "Make a wallet's key in DIR/account/wallet.key (mode 0600). Back it up.",
      versionProvider = ManifestVersion.class,
      mixinStandardHelpOptions = true,
      footer = {"", AccountCommand.EXIT_CODES})
  static final class New extends AccountCommand {
    New(Terminal terminal, Map<String, String> environment) {
      super(terminal, environment);
    }

    @Override
    int run() throws IOException, ChainException {
      AccountFolder folder = options.folder(environment);
      ReceiptKey key = folder.newWallet();
      step("made " + folder.walletFile() + "; whoever has this file has the money: back it up");
      return show(this, key);
    }
  }

  /** {@code wallet show}. */
  @Command(
      name = "show",
      description = "Show the wallet's address, what it has, and a link for another wallet.",
      versionProvider = ManifestVersion.class,
      mixinStandardHelpOptions = true,
      footer = {"", AccountCommand.EXIT_CODES})
  static final class Show extends AccountCommand {
    Show(Terminal terminal, Map<String, String> environment) {
      super(terminal, environment);
    }

    @Override
    int run() throws IOException, ChainException {
      return show(this, options.folder(environment).wallet());
    }
  }

  private static int show(AccountCommand command, ReceiptKey key)
      throws IOException, ChainException {
    try (RouterDesk desk = RouterDesk.openOrAlone(command)) {
      Wallet wallet = Wallet.of(key, desk.terms().networkId());
      String address = desk.terms().friendlyWallet(wallet.address());
      String link = "ton://transfer/" + address;
      var balance = desk.chain().account(wallet.address()).balance();
      if (command.json) {
        command.write(
            out -> {
              out.writeStartObject();
              out.writeNumberField("network_id", desk.terms().networkId());
              out.writeStringField("address", address);
              out.writeStringField("raw", wallet.address().toString());
              out.writeNumberField("balance_nanoton", balance.nanos());
              out.writeStringField("link", link);
              out.writeEndObject();
            });
      } else {
        command.say("wallet   " + address);
        command.say("network  " + desk.terms().networkId());
        command.say("has      " + balance);
        command.say("fill it  " + link);
      }
      return 0;
    }
  }
}
