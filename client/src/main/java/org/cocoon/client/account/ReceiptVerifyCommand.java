package org.cocoon.client.account;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.cocoon.client.Advice;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.ServerOptions;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.ReceiptRules;
import org.cocoon.client.pay.ReceiptVerdict;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code receipt verify}: whether a receipt is genuine, and adds up. */
@Command(
    name = "verify",
    description = "Check a receipt: signature, spelling, and the cost computed anew.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Nobody is asked, unless --url is given. Without --router-key and --url the",
      "receipt is checked against the key that it names itself: that shows that",
      "nothing was changed, not whose key it is.",
      "",
      "Examples:",
      "  cocoon receipt verify answer.json",
      "  curl -s $OPENAI_BASE_URL/chat/completions ... | cocoon receipt verify -",
      "  cocoon receipt verify AgAAAAAA... --router-key ea4a6c63...",
      "  cocoon receipt verify answer.json --url http://127.0.0.1:8080/v1 --json",
      "",
      "Exit codes: 0 it holds, 1 it does not, or nothing answers at --url,",
      "2 wrong usage or an unreadable file."
    })
final class ReceiptVerifyCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      arity = "0..1",
      defaultValue = "-",
      paramLabel = "TEXT|FILE|-",
      description =
          "The receipt, or a file with it, alone or in an answer (default: standard input).")
  private String given = "";

  @Option(
      names = "--router-key",
      paramLabel = "HEX",
      description = "Whose signature it must be: the router's Ed25519 key.")
  private @Nullable String routerKey;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Ask this router for its key: its API's base address.")
  private @Nullable String url;

  @Option(names = "--json", description = "JSON instead of sentences.")
  private boolean json;

  ReceiptVerifyCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    String text;
    Optional<String> key;
    try {
      key = key();
      text = ReceiptText.find(given, terminal);
    } catch (IOException e) {
      terminal.err().println(Terminal.withoutControls(String.valueOf(e.getMessage())));
      return CommandLine.ExitCode.USAGE;
    } catch (CocoonException e) {
      terminal.err().println(Advice.on(e));
      return 1;
    }
    ReceiptVerdict verdict =
        key.map(ReceiptRules.NONE::withRouterKey).orElse(ReceiptRules.NONE).judge(text);
    if (json) {
      terminal.out().println(ReceiptPage.json(verdict));
      return verdict instanceof ReceiptVerdict.Holds ? 0 : 1;
    }
    return switch (verdict) {
      case ReceiptVerdict.Refused(var reason, var sentence) -> {
        terminal
            .err()
            .println(Terminal.withoutControls("INVALID (%s): %s".formatted(reason, sentence)));
        yield 1;
      }
      case ReceiptVerdict.Holds(var receipt) -> {
        terminal.out().println("VALID. " + ReceiptPage.sentence(receipt));
        terminal
            .out()
            .println(
                key.isPresent()
                    ? "Signed by the router's key " + key.get() + "."
                    : "Signed by the key that it names, "
                        + HexFormat.of().formatHex(receipt.routerKey())
                        + "; compare it with the router's (--url or --router-key).");
        yield 0;
      }
    };
  }

  private Optional<String> key() {
    try {
      if (routerKey != null) {
        return Optional.of(ReceiptRules.key(routerKey));
      }
      return url == null ? Optional.empty() : Optional.of(askedKey(url));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private String askedKey(String address) {
    try (CocoonClient client = ServerOptions.client(Objects.requireNonNull(spec), address)) {
      Json network = client.call("GET", "network", Optional.empty()).body();
      String said =
          network
              .at("settlement")
              .at("router_key")
              .text(network.at("router").at("receipt_key").text(""));
      try {
        return ReceiptRules.key(said);
      } catch (IllegalArgumentException e) {
        throw new CocoonException(
            CocoonException.Kind.NOT_UNDERSTOOD, "the router does not say its key");
      }
    }
  }
}
