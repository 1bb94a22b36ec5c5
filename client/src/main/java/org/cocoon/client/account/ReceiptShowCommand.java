package org.cocoon.client.account;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.Receipt;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code receipt show}: every field of a receipt, unverified. */
@Command(
    name = "show",
    description = "Show every field of a receipt. Nothing in it is verified.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cocoon receipt show AgAAAAAA...",
      "  cocoon receipt show answer.json",
      "",
      "Exit codes: 0 shown, 1 not a receipt, 2 wrong usage or an unreadable file."
    })
final class ReceiptShowCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Parameters(
      paramLabel = "TEXT|FILE|-",
      description = "The receipt, or a file with it, alone or in an answer; -: standard input.")
  private String given = "";

  @Option(names = "--json", description = "JSON instead of a page.")
  private boolean json;

  ReceiptShowCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Receipt receipt;
    try {
      receipt = Receipt.parse(ReceiptText.find(given, terminal));
    } catch (IOException e) {
      terminal.err().println(Terminal.withoutControls(String.valueOf(e.getMessage())));
      return CommandLine.ExitCode.USAGE;
    } catch (IllegalArgumentException e) {
      terminal
          .err()
          .println(Terminal.withoutControls("This is no receipt: " + e.getMessage() + "."));
      return 1;
    }
    if (json) {
      terminal.out().println(ReceiptPage.json(receipt));
    } else {
      terminal.out().print(ReceiptPage.fields(receipt, terminal));
      terminal
          .out()
          .println("\nNOT checked: nothing of this was verified; see `cocoon receipt verify`.");
    }
    return 0;
  }
}
