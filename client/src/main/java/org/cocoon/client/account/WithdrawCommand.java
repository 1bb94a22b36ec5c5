package org.cocoon.client.account;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.Amounts;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Wallet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code withdraw}: back to the wallet. */
@Command(
    name = "withdraw",
    description = "Take money out: from your channel to your wallet, or prepaid credit.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "With the router's leave it takes as long as two transactions. If the router is",
      "gone, --alone asks the contract itself; after the delay, `cocoon finish` pays.",
      "",
      "Examples:",
      "  cocoon withdraw 1.5",
      "  cocoon withdraw --all",
      "  cocoon withdraw --all --alone",
      "  cocoon withdraw --all --prepaid      prepaid credit, with the next epoch",
      "",
      AccountCommand.EXIT_CODES
    })
public final class WithdrawCommand extends AccountCommand {
  @Parameters(arity = "0..1", paramLabel = "AMOUNT", description = "In Toncoin, like 1.5.")
  private @Nullable String amountText;

  @Option(names = "--all", description = "All that is not owed or reserved.")
  private boolean all;

  @Option(names = "--alone", description = "Without the router, by the contract's delay.")
  private boolean alone;

  @Option(names = "--prepaid", description = "Prepaid credit instead of the channel.")
  private boolean prepaid;

  @Option(
      names = "--to",
      paramLabel = "ADDRESS",
      description = "Whom prepaid credit is paid to (default: your wallet).")
  private @Nullable String to;

  @Option(
      names = "--reference",
      paramLabel = "TEXT",
      description =
          "Names this refund: the same again does nothing more (default: by chance; told if the"
              + " answer is lost).")
  private @Nullable String reference;

  /** Makes the command. */
  public WithdrawCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    if (all == (amountText != null)) {
      throw misuse("say how much: AMOUNT, or --all");
    }
    if (prepaid && alone) {
      throw misuse("prepaid credit cannot come back without the router; a channel's can");
    }
    Optional<NanoTon> amount;
    try {
      amount = Optional.ofNullable(amountText).map(Amounts::ton);
    } catch (IllegalArgumentException e) {
      throw misuse(String.valueOf(e.getMessage()));
    }
    AccountFolder folder = options.folder(environment);
    if (prepaid) {
      return refund(folder, amount);
    }
    try (RouterDesk desk =
        alone ? RouterDesk.openOrAlone(this) : RouterDesk.open(this, options.key(environment))) {
      OwnChannel own = OwnChannel.find(desk, folder);
      Exits exits = new Exits(this, desk, own, folder);
      return alone
          ? exits.alone(Optional.of(amount.orElse(own.state().locked())))
          : exits.together(amount, false);
    }
  }

  private int refund(AccountFolder folder, Optional<NanoTon> amount)
      throws IOException, ChainException {
    try (RouterDesk desk = RouterDesk.open(this, options.key(environment))) {
      TonAddress payee = payee(desk, folder);
      String name = reference == null ? newReference() : reference;
      String body =
          Json.render(
              out -> {
                out.writeStartObject();
                out.writeStringField("kind", "refund");
                out.writeStringField("to", payee.toString());
                out.writeStringField("reference", name);
                if (amount.isPresent()) {
                  out.writeNumberField("amount_nanoton", amount.get().nanos());
                }
                out.writeEndObject();
              });
      step("asking for the refund --reference " + name);
      Json told = desk.client().call("POST", "withdrawals", Optional.of(body)).body();
      if (json) {
        write(told::write);
      } else {
        say(
            "%s was taken off your account and is paid to %s with the next epoch, from %s on."
                .formatted(
                    Amounts.of(told, "amount_nanoton"),
                    desk.terms().friendlyWallet(payee),
                    Instant.ofEpochSecond(told.at("next_epoch").number(0))));
      }
      return 0;
    }
  }

  private TonAddress payee(RouterDesk desk, AccountFolder folder) throws IOException {
    if (to == null) {
      return Wallet.of(folder.wallet(), desk.terms().networkId()).address();
    }
    try {
      return TonAddress.parse(to);
    } catch (IllegalArgumentException e) {
      throw misuse("--to: " + e.getMessage());
    }
  }

  private static String newReference() {
    byte[] bytes = new byte[8];
    new SecureRandom().nextBytes(bytes);
    return "r-" + HexFormat.of().formatHex(bytes);
  }
}
