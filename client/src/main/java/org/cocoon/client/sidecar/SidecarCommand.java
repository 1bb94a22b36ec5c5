package org.cocoon.client.sidecar;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.attested.PolicyPlace;
import org.cocoon.client.attested.RouterChoice;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.client.pay.Amounts;
import org.cocoon.client.pay.Payment;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.node.PolicyArguments;
import org.cocoon.link.node.PolicySource;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.link.tls.CollateralFeed;
import org.cocoon.link.tls.CollateralLog;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code client}: the sidecar. */
@Command(
    name = "client",
    sortOptions = false,
    description =
        "Serve OpenAI's API on this machine, so that only attested code sees your prompts: it"
            + " verifies the router before the first byte, and seals each prompt to the workers'"
            + " attested key.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Point any OpenAI client at http://127.0.0.1:9090/v1; nothing else changes in the app.",
      "GET /attestation says what was verified. Ctrl-C stops it.",
      "",
      "Examples:",
      "  cocoon client",
      "      beside the network that runs on this machine (its policy, its demo key)",
      "  cocoon client --router https://router.example:8444 --policy policy.json",
      "      with a network elsewhere; the API key is OPENAI_API_KEY, or what the app sends",
      "  cocoon client --registry EQ... --chain https://ton.example/api/v2",
      "      with the routers and the policy that a network's contract lists on TON",
      "  cocoon client --router https://router.example:8444 --policy policy.json \\",
      "      --key-file ~/.cocoon-key --listen 127.0.0.1:9091",
      "  cocoon client --voucher-key .cocoon/account/voucher.key --budget 5",
      "      paying by vouchers as it goes; a router that overcharges gets no more requests",
      "",
      "Exit codes: 0 stopped, 1 cannot start, 2 wrong usage."
    })
public final class SidecarCommand implements Callable<Integer> {
  private static final int MAX_KEY_FILE_BYTES = 4096;
  private static final int MAX_PORT = 65_535;
  private static final long STOP_SECONDS = 2;
  private static final InstantSource CLOCK = InstantSource.system();

  private final PrintStream out;
  private final Map<String, String> environment;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--listen",
      defaultValue = "127.0.0.1:9090",
      paramLabel = "HOST:PORT",
      description = "Where apps come in (default ${DEFAULT-VALUE}). Keep it on loopback.")
  private String listen = "";

  @Option(
      names = "--router",
      paramLabel = "URL",
      description =
          "A router's attested API, https://HOST:PORT (default: COCOON_ROUTER, or any that"
              + " --registry lists).")
  private @Nullable String router;

  @Mixin private PolicyArguments policy = new PolicyArguments();

  @Option(
      names = "--collateral",
      paramLabel = "URL|FOLDER|FILE",
      description =
          "Where the platforms' collateral is: a PCCS, a folder, or a file; needed where the policy"
              + " requires it.")
  private @Nullable String collateral;

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = "The API key for apps that send none (default: OPENAI_API_KEY).")
  private @Nullable Path keyFile;

  @Option(
      names = "--voucher-key",
      paramLabel = "FILE",
      description =
          "Pay each request by a voucher of its own, signed with this key (`cocoon deposit` makes"
              + " DATA/account/voucher.key); needs --budget.")
  private @Nullable Path voucherKey;

  @Option(
      names = "--budget",
      paramLabel = "TON",
      description = "The most that vouchers may promise over the channel's life, in Toncoin.")
  private @Nullable String budget;

  /** Makes the command. */
  public SidecarCommand(PrintStream out, Map<String, String> environment) {
    this.out = out;
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    PolicySource source = policy();
    try {
      return switch (source) {
        case PolicySource.File(Path file) ->
            call(new PolicyPlace.File(file), new RouterChoice(address(named()), Optional.empty()));
        case PolicySource.Registry(RegistryOptions chain) -> call(chain);
      };
    } catch (IOException | IllegalStateException e) {
      out.println("cocoon client: " + e.getMessage());
      return 1;
    }
  }

  private int call(RegistryOptions chain) throws IOException {
    try (RegistryFeed feed = RegistryFeed.open(chain, CLOCK)) {
      Optional<String> named = router();
      return call(
          new PolicyPlace.Registry(feed),
          named.isPresent()
              ? RouterChoice.named(feed, address(named.get()))
              : RouterChoice.of(feed, ThreadLocalRandom.current()));
    }
  }

  private int call(PolicyPlace place, RouterChoice choice) throws IOException {
    try (CollateralFeed held =
        CollateralFeed.open(
            collateral,
            Optional.empty(),
            place::roots,
            CLOCK,
            new CollateralLog(CLOCK, () -> {}))) {
      SidecarOptions options = options(place, choice, held.source());
      return run(Sidecar.start(options), options);
    }
  }

  private int run(Sidecar sidecar, SidecarOptions options) {
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(sidecar, stopped), "stop-sidecar"));
    new StartUpPage(out).print(sidecar, options);
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  private SidecarOptions options(PolicyPlace place, RouterChoice choice, CollateralSource source)
      throws IOException {
    int colon = listen.lastIndexOf(':');
    String host = colon < 0 ? "127.0.0.1" : listen.substring(0, colon).replaceAll("^\\[|]$", "");
    warnUnlessLoopback(host);
    try {
      SealedSession.Options session =
          new SealedSession.Options(
              choice.address(),
              place,
              source,
              CLOCK,
              Sidecar.MAX_IN_FLIGHT,
              choice.key(),
              payment());
      return new SidecarOptions(host, port(listen.substring(colon + 1)), session, key());
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private int port(String text) {
    if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > MAX_PORT) {
      throw wrong("--listen must be like 127.0.0.1:9090, not " + listen);
    }
    return Integer.parseInt(text);
  }

  private Optional<String> router() {
    return Optional.ofNullable(router).or(() -> fromEnvironment("COCOON_ROUTER"));
  }

  private String named() {
    return router().orElseThrow(() -> wrong("say which router with --router https://HOST:PORT"));
  }

  private URI address(String text) {
    try {
      return URI.create(text.strip());
    } catch (IllegalArgumentException e) {
      throw wrong("--router must be like https://127.0.0.1:8444, not " + text);
    }
  }

  private Optional<String> fromEnvironment(String name) {
    return Optional.ofNullable(environment.get(name)).map(String::strip).filter(s -> !s.isEmpty());
  }

  private Optional<String> key() throws IOException {
    if (keyFile == null) {
      return fromEnvironment("OPENAI_API_KEY");
    }
    if (!Files.isReadable(keyFile) || Files.size(keyFile) > MAX_KEY_FILE_BYTES) {
      throw wrong("--key-file must be a readable file with one key in it: " + keyFile);
    }
    return Optional.of(Files.readString(keyFile).strip()).filter(key -> !key.isEmpty());
  }

  private Optional<Payment> payment() {
    if (voucherKey == null && budget == null) {
      return Optional.empty();
    }
    if (voucherKey == null || budget == null) {
      throw wrong("--voucher-key and --budget need each other");
    }
    if (!Files.isReadable(voucherKey)) {
      throw wrong("--voucher-key must be a readable file: " + voucherKey);
    }
    return Optional.of(new Payment(voucherKey, Amounts.ton(budget)));
  }

  private void warnUnlessLoopback(String host) {
    try {
      if (!InetAddress.getByName(host).isLoopbackAddress()) {
        out.println(
            "WARNING: it listens on "
                + host
                + ", so whoever reaches this address can use your key, and prompts travel there"
                + " without encryption.");
      }
    } catch (UnknownHostException e) {
      throw wrong("--listen names an unknown host: " + host);
    }
  }

  private PolicySource policy() {
    Optional<String> file = fromEnvironment("COCOON_POLICY");
    if (!policy.given() && file.isPresent()) {
      return new PolicySource.File(Path.of(file.get()));
    }
    try {
      return policy.source();
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException wrong(String sentence) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
  }

  private static void stop(Sidecar sidecar, CountDownLatch stopped) {
    sidecar.stopWithin(Duration.ofSeconds(STOP_SECONDS));
    stopped.countDown();
  }
}
