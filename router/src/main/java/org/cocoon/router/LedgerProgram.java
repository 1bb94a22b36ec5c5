package org.cocoon.router;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.LedgerCheck.ChainSide;
import org.cocoon.router.ledger.LedgerCheck.Line;
import org.cocoon.router.ledger.LedgerMain;
import org.cocoon.router.settlement.ChainCheck;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What {@code ./cocoon ledger} runs: a ledger's books, held against the chain if one is named. */
public final class LedgerProgram {
  private LedgerProgram() {}

  /** Runs one command; exits with 1 where something does not add up. */
  public static void main(String[] arguments) {
    NamedChain chain = new NamedChain();
    CommandLine line = LedgerMain.commandLine(chain);
    CommandLine check = Objects.requireNonNull(line.getSubcommands().get("check"));
    check.addMixin("chain", chain);
    System.exit(line.execute(arguments));
  }

  /** The chain that the command line names, or none. */
  static final class NamedChain implements ChainSide {
    @Option(
        names = "--chain",
        paramLabel = "URL",
        description = "Compare with the chain too, through this toncenter API; may be repeated.")
    private List<String> endpoints = new ArrayList<>();

    @Option(
        names = "--network",
        defaultValue = "devnet",
        paramLabel = "NAME|ID",
        description = "devnet, testnet, mainnet, or TON's global id (default ${DEFAULT-VALUE}).")
    private String network = "";

    @Override
    public List<Line> compare(DatabaseUrl ledger) throws IOException {
      if (endpoints.isEmpty()) {
        return List.of();
      }
      List<URI> uris = endpoints.stream().map(ChainArguments::endpoint).toList();
      try (ToncenterChain chain =
          new ToncenterChain(ToncenterChain.Options.of(ChainArguments.networkId(network), uris))) {
        return new ChainCheck(chain).compare(ledger);
      }
    }
  }
}
