package org.cocoon.client.account;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.Amounts;
import org.cocoon.client.pay.OverBudgetException;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code voucher}: allows the router to charge more. */
@Command(
    name = "voucher",
    description = "Allow the router to charge your channel up to a ceiling, in all.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A voucher is a promise that cannot be taken back until it ends: a lower",
      "ceiling than before changes nothing.",
      "",
      "Examples:",
      "  cocoon voucher --ceiling 2.5",
      "",
      AccountCommand.EXIT_CODES
    })
public final class VoucherCommand extends AccountCommand {
  @Option(
      names = "--ceiling",
      required = true,
      paramLabel = "TON",
      description = "The most that may ever be charged to the channel, in Toncoin.")
  private String ceilingText = "";

  /** Makes the command. */
  public VoucherCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    NanoTon ceiling;
    try {
      ceiling = Amounts.ton(ceilingText);
    } catch (IllegalArgumentException e) {
      throw misuse(String.valueOf(e.getMessage()));
    }
    AccountFolder folder = options.folder(environment);
    try (RouterDesk desk = RouterDesk.open(this, options.key(environment))) {
      OwnChannel own = OwnChannel.find(desk, folder);
      Voucher voucher;
      try {
        voucher =
            Vouchers.book(
                    folder, own.voucherKey(), desk.terms(), own.address(), InstantSource.system())
                .raiseTo(ceiling);
      } catch (OverBudgetException e) {
        throw new IllegalStateException("a person's own word has no budget", e);
      }
      if (voucher.ceiling().compareTo(ceiling) > 0) {
        step("a higher ceiling was signed before, and stands: " + voucher.ceiling());
      }
      Json told =
          desk.client()
              .call(
                  "POST",
                  "vouchers",
                  Optional.of(
                      Json.render(
                          out -> {
                            out.writeStartObject();
                            out.writeStringField("voucher", voucher.toText());
                            out.writeEndObject();
                          })))
              .body();
      return report(own.state(), voucher, told);
    }
  }

  private int report(ChannelContract.State state, Voucher voucher, Json told) {
    NanoTon covered = state.deposited().minus(state.withdrawn());
    if (json) {
      write(
          out -> {
            out.writeStartObject();
            out.writeBooleanField("accepted", told.at("accepted").isTrue());
            out.writeNumberField("ceiling_nanoton", voucher.ceiling().nanos());
            out.writeNumberField("expires", voucher.expires());
            out.writeStringField("voucher", voucher.toText());
            out.writeNumberField("covered_nanoton", covered.nanos());
            out.writeEndObject();
          });
      return 0;
    }
    say(
        told.at("accepted").isTrue()
            ? "The router may charge up to %s in all, until %s."
                .formatted(voucher.ceiling(), Instant.ofEpochSecond(voucher.expires()))
            : "The router has a better voucher already, up to %s."
                .formatted(Amounts.of(told, "ceiling_nanoton")));
    if (voucher.ceiling().compareTo(covered) > 0) {
      say("The channel covers %s of that: `cocoon deposit` adds more.".formatted(covered));
    }
    return 0;
  }
}
