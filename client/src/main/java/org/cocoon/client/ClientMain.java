package org.cocoon.client;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
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
        .addSubcommand(RegistryCommand.commandLine(terminal, clock))
        .setOut(out)
        .setErr(err);
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "say what to do: chat, status, client or evidence");
    }
  }
}
