package org.cocoon.contracts.tool;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import org.cocoon.contracts.chain.ChainException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What {@code ./cocoon chain} runs. */
@Command(
    name = "chain",
    description = {
      "The contracts of a network on TON by hand: wallets, the root contract, stakes, channels,"
          + " and claims of what a worker earned."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 nobody answers, 4 answers contradict each",
      "other, 5 sent and not decided yet.",
      "",
      "Examples:",
      "  ./cocoon chain wallet new --key my.key",
      "  ./cocoon chain settlement read EQ...",
      "  ./cocoon chain claim --earnings .cocoon/worker-1/earnings --key my.key",
      "  ./cocoon chain registry read EQ... --network testnet --endpoint https://.../api/v2"
    })
public final class ChainMain implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private ChainMain() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, UTF_8);
    System.exit(run(out, err, System.getenv(), arguments));
  }

  /** Runs one command and returns its exit code. */
  public static int run(
      PrintWriter out, PrintWriter err, Map<String, String> environment, String... arguments) {
    Errand errand = new Errand(new Screen(out, err), environment);
    return new CommandLine(new ChainMain())
        .addSubcommand(new WalletCommand(errand))
        .addSubcommand(new RegistryCommand(errand))
        .addSubcommand(new SettlementCommand(errand))
        .addSubcommand(new ChannelCommand(errand))
        .addSubcommand(new ClaimCommand(errand))
        .addSubcommand(new DemoMoney())
        .setOut(out)
        .setErr(err)
        .setExecutionExceptionHandler((failure, _, _) -> explain(failure, err))
        .execute(arguments);
  }

  private static int explain(Exception failure, PrintWriter err) throws Exception {
    int exitCode =
        switch (failure) {
          case ToolException e -> e.exitCode();
          case ChainException e ->
              switch (e.kind()) {
                case UNREACHABLE -> ToolException.UNREACHABLE;
                case REJECTED -> ToolException.REFUSED;
                case INCONSISTENT -> ToolException.INCONSISTENT;
              };
          case IOException _ -> ToolException.USAGE;
          default -> throw failure;
        };
    String what = String.valueOf(failure.getMessage());
    err.println(
        "cocoon chain: " + (failure instanceof NoSuchFileException ? what + " is missing" : what));
    return exitCode;
  }

  @Override
  public void run() {
    if (spec != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "say what to do: wallet, registry, settlement, channel or claim (--help says more)");
    }
  }
}
