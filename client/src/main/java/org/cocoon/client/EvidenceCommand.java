package org.cocoon.client;

import java.time.Clock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code evidence}: looks at evidence, and checks it. */
@Command(
    name = "evidence",
    description = "Look at evidence and check it.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cocoon evidence show quote.dat",
      "  cocoon evidence verify --quote quote.dat --collateral collateral.json",
      "  cocoon evidence network --router https://127.0.0.1:8083 --policy policy.json",
      "  cocoon evidence verify --help"
    })
final class EvidenceCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private EvidenceCommand() {}

  static CommandLine commandLine(Terminal terminal, Clock clock) {
    return new CommandLine(new EvidenceCommand())
        .addSubcommand(new EvidenceShowCommand(terminal))
        .addSubcommand(new EvidenceVerifyCommand(terminal, clock))
        .addSubcommand(new EvidenceNetworkCommand(terminal, clock));
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "say what to do: show, verify or network");
    }
  }
}
