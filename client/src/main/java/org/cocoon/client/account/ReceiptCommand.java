package org.cocoon.client.account;

import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code receipt}: what a router signed about one answer. */
@Command(
    name = "receipt",
    description = "Look at signed receipts and check them, without asking anybody.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Every answer carries one, in usage.receipt.",
      "",
      "Examples:",
      "  cocoon receipt verify answer.json",
      "  cocoon receipt show AgAAAAAA...",
      "  cocoon receipt verify --help"
    })
public final class ReceiptCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private ReceiptCommand() {}

  /** The command with its subcommands. */
  public static CommandLine commandLine(Terminal terminal) {
    return new CommandLine(new ReceiptCommand())
        .addSubcommand(new ReceiptVerifyCommand(terminal))
        .addSubcommand(new ReceiptShowCommand(terminal));
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "say what to do: verify or show");
    }
  }
}
