package org.cocoon.contracts.tool;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.chain.Wallet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that send something from a wallet. */
final class SendOptions {
  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "The wallet's key: an Ed25519 key in PEM (PKCS #8), readable by you alone.")
  private @Nullable Path key;

  @Option(names = "--yes", description = "Really send; mainnet wants to be told.")
  private boolean yes;

  @Option(
      names = "--dry-run",
      description = "Show the message and what it costs, and send nothing.")
  private boolean dryRun;

  @Option(
      names = "--wait",
      paramLabel = "SPAN",
      defaultValue = "5m",
      description = "How long to wait until all has happened (default ${DEFAULT-VALUE}).")
  private String patience = "5m";

  boolean yes() {
    return yes;
  }

  boolean dryRun() {
    return dryRun;
  }

  long patienceSeconds() throws ToolException {
    return Amounts.seconds(patience);
  }

  Wallet wallet(Network network) throws ToolException, IOException {
    return Wallet.of(load(), network.id());
  }

  private ReceiptKey load() throws ToolException, IOException {
    Path file = key;
    if (file == null) {
      throw Amounts.usage("say whose wallet sends it: --key FILE (make one with: wallet new)");
    }
    try {
      return ReceiptKey.load(file);
    } catch (NoSuchFileException e) {
      throw Amounts.usage("there is no key in %s: make one with: wallet new --key %s", file, file);
    }
  }
}
