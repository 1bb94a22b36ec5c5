package org.cocoon.client.account;

import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.account.Earnings.Payout;
import org.cocoon.client.account.Earnings.Router;
import org.cocoon.client.pay.Amounts;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ToncenterChain;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code earnings}: what a worker's owner has earned, gets next, and was paid. */
@Command(
    name = "earnings",
    description =
        "Show what your workers earned from each router, what is committed on the chain, what was"
            + " paid and when more comes.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A worker keeps what each router committed to in --dir: that is enough to be paid",
      "without the router, by `cocoon chain claim`. What is earned since then, and the",
      "time of the next payout, are the router's word.",
      "",
      "Examples:",
      "  cocoon earnings --dir .cocoon/worker-1/earnings",
      "  cocoon earnings --payee UQ... --url https://router.example/v1",
      "  cocoon earnings --dir earnings --chain https://ton.example/api/v2 --json",
      "",
      AccountCommand.EXIT_CODES
    })
public final class EarningsCommand extends AccountCommand {
  private static final int MAX_FILES = 1_000;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "The worker's folder of statements (settlement-*.json).")
  private @Nullable Path dir;

  @Option(
      names = "--payee",
      paramLabel = "ADDRESS",
      description = "Whose earnings, where there is no folder yet: the worker's payout address.")
  private @Nullable String payeeText;

  @Option(
      names = "--payouts",
      defaultValue = "10",
      paramLabel = "N",
      description = "How many payouts to show (default ${DEFAULT-VALUE}).")
  private int most;

  /** Makes the command. */
  public EarningsCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    if ((dir == null) == (payeeText == null)) {
      throw misuse("say whose earnings: --dir DIR or --payee ADDRESS");
    }
    List<Earnings.Statement> statements = dir == null ? List.of() : statements(dir);
    try (CocoonClient client = options.client(command(), environment, Optional.empty())) {
      Optional<Json> network = network(client);
      List<Router> routers = new ArrayList<>();
      for (Earnings.Statement statement : statements) {
        routers.add(onChain(statement, network));
      }
      Optional<Json> said = network.isPresent() ? said(client, statements) : Optional.empty();
      report(routers, said, network);
      return 0;
    }
  }

  private static List<Earnings.Statement> statements(Path folder) throws IOException {
    List<Earnings.Statement> statements = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      throw new CommandFailure("There is no folder " + folder + ": give the worker's.");
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "settlement-*.json")) {
      for (Path file : files) {
        if (statements.size() < MAX_FILES) {
          statements.add(Earnings.Statement.read(file));
        }
      }
    }
    if (statements.isEmpty()) {
      throw new CommandFailure(
          "No router has committed to anything yet (%s is empty); --payee ADDRESS asks the router."
              .formatted(folder));
    }
    return statements;
  }

  private Optional<Json> network(CocoonClient client) {
    try {
      return Optional.of(client.call("GET", "network", Optional.empty()).body())
          .filter(json -> json.at("settlement").isPresent());
    } catch (CocoonException e) {
      step("no router answers at %s; what was kept counts".formatted(client.base()));
      return Optional.empty();
    }
  }

  private Optional<Json> said(CocoonClient client, List<Earnings.Statement> statements) {
    TonAddress payee;
    try {
      payee = payeeText == null ? statements.getFirst().payee() : TonAddress.parse(payeeText);
    } catch (IllegalArgumentException e) {
      throw misuse("--payee: " + e.getMessage());
    }
    return Optional.of(client.call("GET", "earnings/" + payee, Optional.empty()).body());
  }

  private Router onChain(Earnings.Statement statement, Optional<Json> network)
      throws ChainException {
    List<URI> endpoints = options.endpoints(command());
    if (endpoints.isEmpty() && network.isPresent()) {
      List<URI> named = new ArrayList<>();
      for (Json one : network.get().at("settlement").at("chain").items()) {
        named.add(URI.create(one.text("")));
      }
      endpoints = named;
    }
    if (endpoints.isEmpty()) {
      step("without --chain URL nothing is known of what was paid");
      return new Router(statement, Optional.empty(), List.of());
    }
    try (ToncenterChain chain =
        new ToncenterChain(ToncenterChain.Options.of(statement.network(), endpoints))) {
      return Earnings.onChain(chain, statement);
    } catch (IllegalArgumentException e) {
      throw misuse("--chain: " + e.getMessage());
    }
  }

  // ------------------------------------------------------------------ telling

  private void report(List<Router> routers, Optional<Json> said, Optional<Json> network) {
    String explorer =
        network.map(json -> json.at("settlement").at("explorer_transaction").text("")).orElse("");
    if (json) {
      write(
          out -> {
            out.writeStartObject();
            out.writeArrayFieldStart("routers");
            for (Router router : routers) {
              router.write(out, explorer);
            }
            out.writeEndArray();
            out.writeFieldName("router_says");
            said.orElse(Json.NONE).write(out);
            out.writeEndObject();
          });
      return;
    }
    for (Router router : routers) {
      tell(router, explorer);
    }
    said.ifPresent(this::tell);
  }

  private void tell(Router router, String explorer) {
    Earnings.Statement kept = router.statement();
    say("Settlement " + kept.settlement());
    say("  committed  %s, in epoch %d".formatted(kept.earned(), kept.epoch()));
    router
        .paid()
        .ifPresent(
            paid -> {
              say("  paid       " + paid);
              if (paid.compareTo(kept.earned()) < 0) {
                say(
                    "  open       %s; `cocoon chain claim` takes it, also when the router is gone"
                        .formatted(kept.earned().minus(paid)));
              }
            });
    List<Payout> newest = router.payouts();
    for (Payout payout : newest.subList(0, Math.min(most, newest.size()))) {
      say(
          "  %s  %s  %s"
              .formatted(
                  Instant.ofEpochSecond(payout.seconds()), payout.amount(), payout.link(explorer)));
    }
  }

  private void tell(Json said) {
    NanoTon earned = Amounts.of(said, "earned_nanoton");
    NanoTon committed = Amounts.of(said, "committed_nanoton");
    say("The router at this address says");
    say("  earned     %s".formatted(earned));
    say("  committed  %s, in epoch %s".formatted(committed, said.at("epoch").text("?")));
    say("  paid       %s".formatted(Amounts.of(said, "paid_nanoton")));
    long next = said.at("next_epoch").number(0);
    if (next > 0) {
      say(
          "  next       %s and what is earned until then, from %s on"
              .formatted(
                  earned.compareTo(committed) > 0 ? earned.minus(committed) : NanoTon.ZERO,
                  Instant.ofEpochSecond(next)));
    }
  }
}
