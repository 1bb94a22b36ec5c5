package org.cocoon.client.account;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.chain.ChainException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code close}: everything back, and the channel closes. */
@Command(
    name = "close",
    description = "Close your channel: all that is not owed comes back to your wallet.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cocoon close              with the router's leave, at once",
      "  cocoon close --alone      without the router; `cocoon finish` pays after the delay",
      "",
      AccountCommand.EXIT_CODES
    })
public final class CloseCommand extends AccountCommand {
  @Option(names = "--alone", description = "Without the router, by the contract's delay.")
  private boolean alone;

  /** Makes the command. */
  public CloseCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    AccountFolder folder = options.folder(environment);
    try (RouterDesk desk =
        alone ? RouterDesk.openOrAlone(this) : RouterDesk.open(this, options.key(environment))) {
      Exits exits = new Exits(this, desk, OwnChannel.find(desk, folder), folder);
      return alone ? exits.alone(Optional.empty()) : exits.together(Optional.empty(), true);
    }
  }
}
