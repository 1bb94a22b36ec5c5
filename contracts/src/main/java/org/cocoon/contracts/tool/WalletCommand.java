package org.cocoon.contracts.tool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code wallet}: a wallet of version 5 (W5), as wallet apps have it too. */
@Command(
    name = "wallet",
    description = "A wallet of version 5 (W5) and its key.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon chain wallet new --key operator.key",
      "  ./cocoon chain wallet show --key operator.key",
      "  ./cocoon chain wallet send --key operator.key --to UQ... --amount 1.5 --comment thanks"
    })
final class WalletCommand {
  private final Errand errand;

  WalletCommand(Errand errand) {
    this.errand = errand;
  }

  @Command(
      name = "new",
      description = "Make a key and show its wallet. Asks no network.",
      mixinStandardHelpOptions = true)
  int make(
      @Mixin NetworkOptions network,
      @Option(
              names = "--key",
              required = true,
              paramLabel = "FILE",
              description = "Where the key is written; there must be no such file.")
          Path key)
      throws ToolException, IOException {
    if (Files.exists(key)) {
      throw Amounts.usage("%s is there already, and a key is never written over", key);
    }
    ReceiptKey made = ReceiptKey.loadOrCreate(key);
    Wallet wallet = Wallet.of(made, network.network().id());
    errand.screen().show(identity(network, wallet.address(), made), network.json());
    return 0;
  }

  @Command(
      name = "show",
      description = "Show a wallet's address, balance and number.",
      mixinStandardHelpOptions = true)
  int show(
      @Mixin NetworkOptions network,
      @Option(names = "--key", paramLabel = "FILE", description = "The wallet's key.")
          @Nullable Path key,
      @Option(names = "--address", paramLabel = "ADDRESS", description = "Or any address.")
          @Nullable String address)
      throws ToolException, ChainException, IOException {
    if ((key == null) == (address == null)) {
      throw Amounts.usage("say which wallet: either --key FILE or --address ADDRESS");
    }
    Screen.Page page = new Screen.Page();
    TonAddress of;
    if (key != null) {
      ReceiptKey loaded = ReceiptKey.load(key);
      of = Wallet.of(loaded, network.network().id()).address();
      page.putAll(identity(network, of, loaded));
    } else {
      of = Errand.address(address == null ? "" : address);
      page.put("address", friendly(network, of)).put("raw", of);
    }
    return errand.read(
        network,
        chain -> {
          AccountState state = chain.account(of);
          page.put("status", state.status().name().toLowerCase(java.util.Locale.ROOT))
              .put("balance", state.balance());
          if (key != null) {
            page.put("seqno", Wallet.seqno(state));
          }
          return page;
        });
  }

  @Command(
      name = "send",
      description = "Send Toncoin to an address, and wait until it arrived.",
      mixinStandardHelpOptions = true)
  int send(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Option(names = "--to", required = true, paramLabel = "ADDRESS", description = "Whom.")
          String to,
      @Option(names = "--amount", required = true, paramLabel = "TON", description = "How much.")
          String amount,
      @Option(names = "--comment", paramLabel = "TEXT", description = "What for.")
          @Nullable String comment,
      @Option(
              names = "--bounce",
              description = "Take it back if the receiver is no contract that accepts it.")
          boolean bounce)
      throws ToolException, ChainException, IOException {
    TonAddress receiver = Errand.address(to);
    var value = Amounts.ton(amount);
    var body =
        comment == null ? org.cocoon.contracts.ton.Cell.EMPTY : SettlementContract.prepay(comment);
    return errand.send(
        network,
        options,
        (_, _) ->
            new Errand.Order(
                "send %s to %s".formatted(value, receiver),
                new Outgoing(receiver, value, body, Optional.empty(), bounce)));
  }

  private static Screen.Page identity(NetworkOptions network, TonAddress address, ReceiptKey key)
      throws ToolException {
    return new Screen.Page()
        .put("address", friendly(network, address))
        .put("raw", address)
        .put("public_key", HexFormat.of().formatHex(key.publicKey()));
  }

  private static String friendly(NetworkOptions network, TonAddress address) throws ToolException {
    return address.toFriendly(false, !network.network().isReal());
  }
}
