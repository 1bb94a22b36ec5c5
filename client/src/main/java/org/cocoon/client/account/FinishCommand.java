package org.cocoon.client.account;

import java.io.IOException;
import java.util.Map;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.chain.ChainException;
import picocli.CommandLine.Command;

/** {@code finish}: what was asked for alone, after the delay. */
@Command(
    name = "finish",
    description =
        "Have your channel pay what `withdraw --alone` or `close --alone` asked for; needs no"
            + " router.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {"", "Examples:", "  cocoon finish", "", AccountCommand.EXIT_CODES})
public final class FinishCommand extends AccountCommand {
  /** Makes the command. */
  public FinishCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    AccountFolder folder = options.folder(environment);
    try (RouterDesk desk = RouterDesk.openOrAlone(this)) {
      return new Exits(this, desk, OwnChannel.find(desk, folder), folder).finish();
    }
  }
}
