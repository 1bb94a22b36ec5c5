package org.cocoon.client;

import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code status}: the router, its workers and models at a glance. */
@Command(
    name = "status",
    description = "Show the router, its workers and models, and what is simulated.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {"", "Exit codes: 0 shown, 1 nothing answers, 2 wrong usage."})
final class StatusCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Map<String, String> environment;
  private final Clock clock;

  @Spec private @Nullable CommandSpec spec;
  @Mixin private ServerOptions server = new ServerOptions();

  @Option(names = "--json", description = "The router's own JSON instead of a table.")
  private boolean json;

  StatusCommand(Terminal terminal, Map<String, String> environment, Clock clock) {
    this.terminal = terminal;
    this.environment = environment;
    this.clock = clock;
  }

  @Override
  public Integer call() {
    try (CocoonClient client = server.client(Objects.requireNonNull(spec), environment)) {
      if (json) {
        terminal.out().println(client.networkJson().strip());
      } else {
        StatusPage page = new StatusPage(terminal, clock.instant());
        terminal.out().print(page.render(client.network(), client.base()));
      }
      return 0;
    } catch (CocoonException e) {
      terminal.err().println(Advice.on(e));
      return 1;
    }
  }
}
