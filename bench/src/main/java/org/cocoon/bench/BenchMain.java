package org.cocoon.bench;

import org.cocoon.bench.evidence.EvidenceCommand;
import org.cocoon.client.ManifestVersion;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The load generator's command line. */
@Command(
    name = "bench",
    description = "Measure any OpenAI-compatible server, and know whether to trust the figures.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true)
public final class BenchMain implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private BenchMain() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new BenchMain())
        .addSubcommand(new RunCommand(System.getenv(), System.out, System.err))
        .addSubcommand(new EngineCommand(System.getenv(), System.out, System.err))
        .addSubcommand(new SchedulerCommand(System.out, System.err))
        .addSubcommand(new VariantsCommand(System.out, System.err))
        .addSubcommand(new EvidenceCommand(System.out))
        .addSubcommand(new NullServerCommand(System.out));
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "say what to do: run, engine, scheduler, evidence or null-server");
    }
  }
}
