package org.cocoon.router.ledger;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.cocoon.router.ledger.LedgerCheck.ChainSide;
import org.cocoon.router.ledger.LedgerCheck.Line;
import org.cocoon.router.ledger.LedgerCheck.Report;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What an operator does with a ledger from the command line. */
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = "Check a ledger's books, or give up a lost spool.")
public final class LedgerMain {
  private static final int BROKEN = 1;

  private LedgerMain() {}

  /** Runs one command; exits with 1 where something does not add up. */
  public static void main(String[] arguments) {
    System.exit(commandLine(ChainSide.NONE).execute(arguments));
  }

  /**
   * The commands.
   *
   * @param chain what the ledger is compared with on the chain
   */
  public static CommandLine commandLine(ChainSide chain) {
    return new CommandLine(new LedgerMain())
        .addSubcommand(new Check(chain))
        .addSubcommand(new AbandonSpool())
        .setExecutionExceptionHandler(
            (fault, line, _) -> {
              line.getErr().println(fault.getMessage());
              return line.getCommandSpec().exitCodeOnExecutionException();
            });
  }

  /** Which ledger. */
  static final class Which {
    @ArgGroup(multiplicity = "1")
    @Nullable Place place;

    @Spec(Spec.Target.MIXEE)
    @Nullable CommandSpec spec;

    /** Exactly one of the two. */
    static final class Place {
      @Option(
          names = "--postgres",
          paramLabel = "URL",
          description = "postgresql://user:password@host:port/database")
      @Nullable String postgres;

      @Option(
          names = "--data",
          paramLabel = "DIR",
          description = "a router's data folder, with its database and spool")
      @Nullable Path data;
    }

    @Nullable Path spool() {
      Path folder = place == null ? null : place.data;
      return folder == null || !Files.exists(folder.resolve("spool/identity"))
          ? null
          : folder.resolve("spool");
    }

    <T> T with(Work<T> work) throws IOException {
      Place where = place;
      if (where != null && where.postgres != null) {
        try {
          return work.on(DatabaseUrl.parse(where.postgres));
        } catch (IllegalArgumentException e) {
          throw new ParameterException(commandLine(), "--postgres: " + e.getMessage());
        }
      }
      Path data = where == null ? null : where.data;
      if (data == null || !Files.isDirectory(data.resolve("postgres"))) {
        throw new ParameterException(
            commandLine(), "--data: " + data + " has no database of its own: give --postgres URL");
      }
      DatabaseUrl running = LocalPostgres.running(data.resolve("postgres"));
      if (running != null) {
        return work.on(running);
      }
      try (LocalPostgres own = LocalPostgres.start(data.resolve("postgres"), 0)) {
        return work.on(own.url());
      }
    }

    private CommandLine commandLine() {
      if (spec == null) {
        throw new IllegalStateException("not parsed");
      }
      return spec.commandLine();
    }
  }

  /** What is done with a ledger. */
  @FunctionalInterface
  interface Work<T> {
    T on(DatabaseUrl ledger) throws IOException;
  }

  @Command(
      name = "check",
      mixinStandardHelpOptions = true,
      description =
          "Explain every balance to the nanoTON; exit code 1 if anything does not add up.")
  static final class Check implements Callable<Integer> {
    private final ChainSide chain;

    @Mixin final Which which = new Which();

    @Option(names = "--json", description = "one JSON object instead of text")
    boolean json;

    @Spec @Nullable CommandSpec spec;

    Check(ChainSide chain) {
      this.chain = chain;
    }

    @Override
    public Integer call() throws IOException {
      Report report = which.with(ledger -> LedgerCheck.run(ledger, which.spool(), chain));
      if (spec != null) {
        spec.commandLine().getOut().println(json ? json(report) : text(report));
      }
      return report.holds() ? 0 : BROKEN;
    }

    private static String json(Report report) throws IOException {
      ObjectMapper mapper = new ObjectMapper();
      ObjectNode all = mapper.createObjectNode().put("holds", report.holds());
      ArrayNode rules = all.putArray("rules");
      for (Line line : report.lines()) {
        rules
            .addObject()
            .put("rule", line.rule())
            .put("subject", line.subject())
            .put("expected", line.expected())
            .put("actual", line.actual())
            .put("holds", line.holds());
      }
      return mapper.writeValueAsString(all);
    }

    private static String text(Report report) {
      StringBuilder out = new StringBuilder();
      for (Line line : report.lines()) {
        out.append(
            "%-6s %-42s %-24s %22d %22d%n"
                .formatted(
                    line.holds() ? "ok" : "BROKEN",
                    line.rule(),
                    line.subject(),
                    line.expected(),
                    line.actual()));
      }
      int broken = report.broken().size();
      return out.append(
              broken == 0
                  ? "all %d rules hold; amounts in nanoTON".formatted(report.lines().size())
                  : "%d of %d rules do not hold; amounts in nanoTON"
                      .formatted(broken, report.lines().size()))
          .toString();
    }
  }

  @Command(
      name = "abandon-spool",
      mixinStandardHelpOptions = true,
      description = "Give up a router's lost spool, and the charges that only it knew.")
  static final class AbandonSpool implements Callable<Integer> {
    @Mixin final Which which = new Which();

    @Option(names = "--router", required = true, description = "the router's id")
    String router = "";

    @Override
    public Integer call() throws IOException {
      boolean known = which.with(ledger -> LedgerCheck.abandonSpool(ledger, router));
      if (!known) {
        throw new IOException("the ledger knows no spool of router '" + router + "'");
      }
      return 0;
    }
  }
}
