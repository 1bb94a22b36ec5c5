package org.cocoon.client;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import org.cocoon.client.account.BalanceCommand;
import org.cocoon.client.account.CloseCommand;
import org.cocoon.client.account.DepositCommand;
import org.cocoon.client.account.EarningsCommand;
import org.cocoon.client.account.FinishCommand;
import org.cocoon.client.account.KeysCommand;
import org.cocoon.client.account.ReceiptCommand;
import org.cocoon.client.account.SpendingCommand;
import org.cocoon.client.account.VoucherCommand;
import org.cocoon.client.account.WalletCommand;
import org.cocoon.client.account.WithdrawCommand;
import org.cocoon.client.sidecar.SidecarCommand;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The client's command line. */
@Command(
    name = "cocoon",
    description = "Talk to a Cocoon network, or to any OpenAI-compatible server.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true)
public final class ClientMain implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private ClientMain() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    Terminal terminal = Terminal.ofProcess(environment);
    System.exit(commandLine(terminal, environment, Clock.systemUTC()).execute(args));
  }

  static CommandLine commandLine(Terminal terminal, Map<String, String> environment, Clock clock) {
    PrintWriter out = new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8);
    return new CommandLine(new ClientMain())
        .addSubcommand(new ChatCommand(terminal, environment))
        .addSubcommand(new StatusCommand(terminal, environment, clock))
        .addSubcommand(new SidecarCommand(terminal.out(), environment))
        .addSubcommand(EvidenceCommand.commandLine(terminal, clock))
        .addSubcommand(ReceiptCommand.commandLine(terminal))
        .addSubcommand(WalletCommand.commandLine(terminal, environment))
        .addSubcommand(new DepositCommand(terminal, environment))
        .addSubcommand(new BalanceCommand(terminal, environment))
        .addSubcommand(new SpendingCommand(terminal, environment))
        .addSubcommand(new VoucherCommand(terminal, environment))
        .addSubcommand(new WithdrawCommand(terminal, environment))
        .addSubcommand(new CloseCommand(terminal, environment))
        .addSubcommand(new FinishCommand(terminal, environment))
        .addSubcommand(KeysCommand.commandLine(terminal, environment))
        .addSubcommand(new EarningsCommand(terminal, environment))
        .addSubcommand(RegistryCommand.commandLine(terminal, clock))
        .setOut(out)
        .setErr(err);
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "say what to do; --help lists the commands");
    }
  }
}
