package org.cocoon.client;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.cocoon.client.NetworkEvidence.Node;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.collateral.CollateralStanding;
import org.cocoon.link.tls.CollateralFeed;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code evidence network}: verifies a live network from outside, without an account. */
@Command(
    name = "network",
    description = "Verify a live network: its router, workers and key manager.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Give the router's attested address (https): then it is also sure that who",
      "answers holds the key of the evidence. Over plain http the certificates are",
      "judged as documents. The policy is yours: which images, which platforms.",
      "",
      "Examples:",
      "  cocoon evidence network --router https://router.example:8445 --policy policy.json \\",
      "      --collateral https://pccs.example",
      "  cocoon evidence network --router http://127.0.0.1:8080 --policy .cocoon/policy.json",
      "",
      "Exit codes: 0 all of it is trusted, 1 some of it is not, 2 wrong usage or no",
      "answer."
    })
final class EvidenceNetworkCommand implements Callable<Integer> {
  /** How long the check of a platform waits for its collateral. */
  private static final Duration COLLATERAL_WAIT = Duration.ofSeconds(10);

  private final Terminal terminal;
  private final Clock clock;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--router",
      paramLabel = "URL",
      required = true,
      description = "A router of the network; https is its attested API.")
  private URI router = URI.create("");

  @Option(
      names = "--policy",
      paramLabel = "FILE",
      required = true,
      description = "What to accept, as nodes read it.")
  private Path policyFile = Path.of("");

  @Option(
      names = "--collateral",
      paramLabel = "PLACE",
      description = "URL of a caching server (PCCS), a folder or a file with collateral.")
  private @Nullable String place;

  @Option(names = "--json", description = "JSON instead of a page.")
  private boolean json;

  EvidenceNetworkCommand(Terminal terminal, Clock clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    String scheme = String.valueOf(router.getScheme());
    if (!(scheme.equals("https") || scheme.equals("http")) || router.getHost() == null) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--router must be like https://router.example:8445");
    }
    try {
      Policy policy = Policy.load(policyFile);
      Set<String> roots =
          Stream.concat(policy.trustedRoots().stream(), policy.simulatedRoots().stream())
              .collect(Collectors.toSet());
      try (CollateralFeed feed =
          CollateralFeed.open(place, Optional.empty(), () -> roots, clock, new Problems())) {
        CollateralSource collateral = feed.source().waitingAtMost(COLLATERAL_WAIT);
        List<Node> nodes = new NetworkEvidence(router, policy, collateral, clock).judge();
        terminal.out().print(json ? toJson(nodes) + "\n" : toPage(nodes, scheme));
        return nodes.stream().allMatch(Node::trusted) ? 0 : 1;
      }
    } catch (IOException e) {
      terminal.err().println(Terminal.withoutControls(String.valueOf(e.getMessage())));
      return CommandLine.ExitCode.USAGE;
    }
  }

  /** A fetch that fails is told at once; what follows from it is in the verdicts. */
  private final class Problems implements CollateralFeed.Listener {
    @Override
    public void changed(CollateralStanding standing) {}

    @Override
    public void problem(String sentence, Optional<Instant> heldUntil) {
      terminal.err().println(Terminal.withoutControls(sentence));
    }
  }

  private String toPage(List<Node> nodes, String scheme) {
    StringBuilder page = new StringBuilder();
    for (Node node : nodes) {
      page.append(
          "%-8s %-7s %s%n         %s%n"
              .formatted(
                  node.trusted() ? "TRUSTED" : "REFUSED",
                  node.role().word(),
                  node.name(),
                  node.trusted() ? node.detail() : node.reason() + ": " + node.detail()));
    }
    long refused = nodes.stream().filter(node -> !node.trusted()).count();
    page.append(
        refused == 0
            ? "\nAll %d are what the policy accepts.%n".formatted(nodes.size())
            : "\n%d of %d are not what the policy accepts.%n".formatted(refused, nodes.size()));
    if (nodes.stream().anyMatch(Node::simulated)) {
      page.append(
          "SIMULATED: some of this evidence comes from simulated TEEs and protects nothing.\n");
    }
    if (scheme.equals("http")) {
      page.append(
          "Judged as documents: over plain http nobody proved to hold these keys. Use the attested"
              + " address.\n");
    }
    return Terminal.withoutControls(page.toString());
  }

  private static String toJson(List<Node> nodes) {
    return Json.render(
        out -> {
          out.useDefaultPrettyPrinter();
          out.writeStartObject();
          out.writeBooleanField("trusted", nodes.stream().allMatch(Node::trusted));
          out.writeBooleanField("simulated", nodes.stream().anyMatch(Node::simulated));
          out.writeArrayFieldStart("nodes");
          for (Node node : nodes) {
            out.writeStartObject();
            out.writeStringField("role", node.role().word());
            out.writeStringField("name", node.name());
            out.writeStringField("verdict", node.trusted() ? "Trusted" : "Rejected");
            out.writeStringField("reason", node.trusted() ? null : node.reason());
            out.writeStringField("detail", node.detail());
            out.writeBooleanField("simulated", node.simulated());
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }
}
