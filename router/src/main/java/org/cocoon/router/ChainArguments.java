package org.cocoon.router;

import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.settlement.SettlementOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The router's options about the chain. */
final class ChainArguments {
  private static final String API = "/api/v2";

  @Option(names = "--chain-key", paramLabel = "KEY", description = "API key for them.")
  private @Nullable String apiKey;

  @Option(
      names = "--network",
      defaultValue = "devnet",
      paramLabel = "NAME|ID",
      description = "devnet, testnet, mainnet, or TON's global id (default ${DEFAULT-VALUE}).")
  private String network = "";

  @Option(
      names = "--settle",
      description = "Deploy and stake a settlement contract, claim, commit and pay.")
  private boolean settle;

  @Option(
      names = "--operator-key",
      paramLabel = "FILE",
      description = "Key of the wallet that stakes and pays for gas (default: DATA/operator.key).")
  private @Nullable Path operatorKey;

  @Option(
      names = "--fee-permille",
      defaultValue = "50",
      paramLabel = "N",
      description = "The operator's part of each cost, in thousandths (default ${DEFAULT-VALUE}).")
  private int feePermille;

  @Option(
      names = "--stake",
      defaultValue = "10",
      paramLabel = "TON",
      description = "What the contract is deployed with (default ${DEFAULT-VALUE}).")
  private BigDecimal stake = BigDecimal.TEN;

  @Option(
      names = "--delay",
      defaultValue = "P1D",
      paramLabel = "DURATION",
      description = "A client's own withdrawal takes so long (default ${DEFAULT-VALUE}).")
  private String delay = "";

  @Option(
      names = "--epoch",
      defaultValue = "PT1H",
      paramLabel = "DURATION",
      description = "Between two commitments (default ${DEFAULT-VALUE}).")
  private String epoch = "";

  @Option(
      names = "--voucher-margin",
      defaultValue = "PT2H",
      paramLabel = "DURATION",
      description =
          "A voucher gives no more credit so long before its end (default ${DEFAULT-VALUE}).")
  private String voucherMargin = "";

  @Option(
      names = "--chain-poll",
      defaultValue = "PT2S",
      paramLabel = "DURATION",
      description = "Between two looks at the chain (default ${DEFAULT-VALUE}).")
  private String poll = "";

  @Option(
      names = "--min-claim",
      paramLabel = "TON",
      description = "Claim a channel with an epoch from this on (default: 20 times its fee).")
  private @Nullable BigDecimal minClaim;

  @Option(
      names = "--min-commit",
      paramLabel = "TON",
      description = "Commit when this much more is earned (default: 20 times its fee).")
  private @Nullable BigDecimal minCommit;

  @Option(
      names = "--min-payout",
      paramLabel = "TON",
      description =
          "Pay a payee from this on; who has less can claim alone (default: 20 times its fee).")
  private @Nullable BigDecimal minPayout;

  /**
   * What they say together; null without --chain, or where the chain is only asked for the policy.
   *
   * @param data the router's folder
   * @param endpoints of --chain
   * @param registry of --registry
   */
  RouterOptions.@Nullable ChainAccess access(
      Path data, List<URI> endpoints, Optional<String> registry) {
    if (endpoints.isEmpty()) {
      if (settle) {
        throw new IllegalArgumentException("--settle needs --chain");
      }
      return null;
    }
    String root = registry.orElse(null);
    if (root == null && settle) {
      throw new IllegalArgumentException("--settle needs --registry, the network's root contract");
    }
    TonAddress registryAddress =
        root == null ? new TonAddress(new byte[32]) : TonAddress.parse(root);
    SettlementOptions usual = SettlementOptions.of(networkId(network), registryAddress);
    return new RouterOptions.ChainAccess(
        endpoints.stream().map(uri -> endpoint(uri.toString())).toList(),
        apiKey,
        settle,
        operatorKey == null ? data.resolve("operator.key") : operatorKey,
        usual
            .withMoney(feePermille, ton("--stake", stake))
            .withTimes(
                duration("--delay", delay),
                duration("--epoch", epoch),
                duration("--voucher-margin", voucherMargin),
                duration("--chain-poll", poll))
            .withWorth(
                minClaim == null ? usual.minClaim() : ton("--min-claim", minClaim),
                minCommit == null ? usual.minCommit() : ton("--min-commit", minCommit),
                minPayout == null ? usual.minPayout() : ton("--min-payout", minPayout)));
  }

  static int networkId(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "mainnet" -> -239;
      case "testnet" -> -3;
      case "devnet" -> -31_337;
      default -> {
        try {
          yield Integer.parseInt(name);
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "--network is devnet, testnet, mainnet, or a network's global id, not " + name, e);
        }
      }
    };
  }

  static URI endpoint(String text) {
    try {
      URI uri = new URI(text);
      String scheme = String.valueOf(uri.getScheme());
      if (uri.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
        return text.endsWith(API) ? uri : new URI(text.replaceAll("/+$", "") + API);
      }
    } catch (URISyntaxException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "--chain is a URL such as https://ton.example/api/v2, not " + text);
  }

  private static Duration duration(String option, String text) {
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          option + " is a duration such as PT1H or P1D, not " + text, e);
    }
  }

  private static NanoTon ton(String option, BigDecimal amount) {
    try {
      return new NanoTon(amount.movePointRight(9).longValueExact());
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          option + " is an amount of TON with up to nine digits after the point, not " + amount, e);
    }
  }
}
