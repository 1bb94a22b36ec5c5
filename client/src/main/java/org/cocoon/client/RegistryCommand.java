package org.cocoon.client;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.node.PolicyArguments;
import org.cocoon.link.node.PolicySource;
import org.cocoon.link.registry.ListedRouter;
import org.cocoon.link.registry.NetworkDocument;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.link.registry.RegistryStanding;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code registry}: looks at a network's document before and after it is published. */
@Command(
    name = "registry",
    description = "Check a network's document, or show what the registry on the chain says.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true)
final class RegistryCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  private RegistryCommand() {}

  static CommandLine commandLine(Terminal terminal, Clock clock) {
    return new CommandLine(new RegistryCommand())
        .addSubcommand(new Check(terminal))
        .addSubcommand(new Show(terminal, clock));
  }

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: check or show");
  }

  /** {@code registry check FILE}. */
  @Command(
      name = "check",
      description =
          "Say whether every node could read a document; to be done before it is announced.",
      mixinStandardHelpOptions = true,
      footer = {"", "Exit codes: 0 it is right, 1 it is broken, 2 it cannot be read."})
  static final class Check implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(paramLabel = "FILE", description = "The document, JSON.")
    private Path file = Path.of("");

    Check(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() {
      byte[] document;
      try {
        if (Files.size(file) > NetworkDocument.MAX_BYTES) {
          return broken("it has more than " + NetworkDocument.MAX_BYTES + " bytes");
        }
        document = Files.readAllBytes(file);
      } catch (IOException e) {
        terminal.err().println("registry: cannot read " + file);
        return CommandLine.ExitCode.USAGE;
      }
      try {
        print(terminal.out(), NetworkDocument.parse(document));
        return CommandLine.ExitCode.OK;
      } catch (IllegalArgumentException e) {
        return broken(String.valueOf(e.getMessage()));
      }
    }

    private int broken(String why) {
      terminal.err().println(Terminal.withoutControls("registry: " + file + ": " + why));
      return CommandLine.ExitCode.SOFTWARE;
    }
  }

  /** {@code registry show}. */
  @Command(
      name = "show",
      description = "Read the registry from the chain, as a node does.",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      footer = {
        "",
        "Example:",
        "  cocoon registry show --registry EQ... --chain https://ton.example/api/v2",
        "",
        "Exit codes: 0 shown, 1 it cannot be read, 2 wrong usage."
      })
  static final class Show implements Callable<Integer> {
    private final Terminal terminal;
    private final Clock clock;

    @Spec private @Nullable CommandSpec spec;
    @Mixin private PolicyArguments arguments = new PolicyArguments();

    Show(Terminal terminal, Clock clock) {
      this.terminal = terminal;
      this.clock = clock;
    }

    @Override
    public Integer call() {
      try (RegistryFeed feed = RegistryFeed.open(options(), clock)) {
        RegistryStanding standing = feed.standing();
        PrintStream out = terminal.out();
        out.printf("registry    %s%n", standing.registry());
        out.printf("version     %d (document %s)%n", standing.version(), standing.document());
        out.printf(
            "confirmed   %s, %d of %d endpoints must agree%n",
            standing.confirmedAt(), standing.quorum(), standing.endpoints());
        standing
            .announced()
            .ifPresent(
                coming ->
                    out.printf(
                        "announced   document %s, from %s on%s%n",
                        coming.document(),
                        coming.activatesAt(),
                        coming.problem().map(why -> "; BROKEN: " + why).orElse("")));
        standing.revoked().forEach(hash -> out.printf("revoked     %s%n", hash));
        print(out, feed.current());
        standing.problem().ifPresent(why -> out.printf("PROBLEM     %s%n", why));
        return CommandLine.ExitCode.OK;
      } catch (IOException e) {
        terminal.err().println(Terminal.withoutControls("registry: " + e.getMessage()));
        return CommandLine.ExitCode.SOFTWARE;
      }
    }

    private RegistryOptions options() {
      try {
        if (arguments.source() instanceof PolicySource.Registry(RegistryOptions chain)) {
          return chain;
        }
      } catch (IllegalArgumentException e) {
        throw wrong(String.valueOf(e.getMessage()));
      }
      throw wrong("say which with --registry ADDRESS and --chain URL");
    }

    private ParameterException wrong(String sentence) {
      return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
    }
  }

  private static void print(PrintStream out, NetworkDocument document) {
    for (Role role : Role.values()) {
      out.printf("images      %s: %d%n", role.word(), document.policy().imagesOf(role).size());
    }
    document
        .models()
        .forEach((model, hashes) -> out.printf("weights     %s: %d%n", model, hashes.size()));
    out.printf("prices      %s%n", document.prices().isPresent() ? "yes" : "none");
    out.printf(
        "routers     %s%n",
        document.routers().isEmpty()
            ? "none"
            : document.routers().stream()
                .map(ListedRouter::name)
                .collect(Collectors.joining(", ")));
    if (document.policy().allowsSimulated()) {
      out.println("SIMULATED   it accepts simulated TEEs, which protect nothing");
    }
  }
}
