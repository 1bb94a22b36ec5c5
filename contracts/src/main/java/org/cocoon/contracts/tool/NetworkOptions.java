package org.cocoon.contracts.tool;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.cocoon.contracts.chain.ToncenterChain;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options with which every command finds its network. */
final class NetworkOptions {
  private static final URI DEVNET = URI.create("http://127.0.0.1:8081");
  private static final String API = "/api/v2";

  @Option(
      names = "--network",
      paramLabel = "NAME",
      defaultValue = "devnet",
      description = "mainnet, testnet or devnet (default ${DEFAULT-VALUE}).")
  private String network = "devnet";

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      description = {
        "A server with toncenter's API, version 2; the URL ends with /api/v2. Several are held"
            + " against each other. On the devnet http://127.0.0.1:8081/api/v2 is the default."
      })
  private List<URI> endpoints = new ArrayList<>();

  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description = "For the endpoints; better in COCOON_CHAIN_API_KEY, where nobody lists it.")
  private @Nullable String apiKey;

  @Option(
      names = "--explorer",
      paramLabel = "URL",
      description = "Where a transaction is shown: HASH in it stands for its hash.")
  private @Nullable String explorer;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "10",
      description = "Requests in a second, at most (default ${DEFAULT-VALUE}).")
  private double rate;

  @Option(names = "--json", description = "Say the result as one JSON object.")
  private boolean json;

  boolean json() {
    return json;
  }

  Network network() throws ToolException {
    for (Network each : Network.values()) {
      if (each.name().toLowerCase(Locale.ROOT).equals(network)) {
        return each;
      }
    }
    throw Amounts.usage("--network is mainnet, testnet or devnet, not '%s'", network);
  }

  ToncenterChain open(Optional<String> keyOfEnvironment) throws ToolException {
    Network chosen = network();
    List<URI> where = endpoints;
    if (where.isEmpty()) {
      if (chosen != Network.DEVNET) {
        throw Amounts.usage(
            "say where %s is: --endpoint URL, of a server with toncenter's API, version 2",
            network);
      }
      where = List.of(DEVNET.resolve(API));
    }
    Optional<String> key = apiKey == null ? keyOfEnvironment : Optional.of(apiKey);
    try {
      return new ToncenterChain(
          new ToncenterChain.Options(chosen.id(), where, key, rate, Duration.ofSeconds(15), 6));
    } catch (IllegalArgumentException e) {
      throw Amounts.usage("%s", String.valueOf(e.getMessage()));
    }
  }

  /** Where a transaction is shown; empty if that is not known. */
  Optional<String> link(String hash) throws ToolException {
    if (explorer != null) {
      return Optional.of(
          explorer.contains("HASH") ? explorer.replace("HASH", hash) : explorer + hash);
    }
    if (network() != Network.DEVNET) {
      return Optional.empty();
    }
    URI first = endpoints.isEmpty() ? DEVNET : endpoints.getFirst();
    return Optional.of(first.resolve("/tx/" + hash).toString());
  }
}
