package org.cocoon.client;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code evidence verify}: the verdict on a quote, with the files that are given and no network.
 */
@Command(
    name = "verify",
    description = "Verify a TDX quote with the files that are given; nothing is fetched.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Without --policy the question is Intel's alone: is the quote genuine, under",
      "Intel's root (or --root), and what do they say of the platform? Every status",
      "but Revoked is then Trusted, and told; any image is, but never a trust domain",
      "that can be debugged or moved. With --policy its lists decide. Whose key the",
      "report data is for cannot be checked here.",
      "",
      "Examples:",
      "  cocoon evidence verify --quote quote.dat --collateral collateral.json",
      "  cocoon evidence verify --quote quote.dat --collateral collateral.json \\",
      "      --at 2026-01-20 --json",
      "  cocoon evidence verify --quote - --collateral answers/ --policy policy.json",
      "",
      "Exit codes: 0 Trusted, 1 Rejected, 2 wrong usage or an unreadable file."
    })
final class EvidenceVerifyCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Clock clock;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--quote",
      paramLabel = "FILE",
      required = true,
      description = "The quote; - reads the standard input.")
  private String quoteFile = "";

  @Option(
      names = "--collateral",
      paramLabel = "FILE",
      description =
          "Intel's collateral as JSON (QuoteCollateralV3), or a folder of the answers of Intel's"
              + " service.")
  private @Nullable Path collateralFile;

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description =
          "When the verdict shall hold: RFC 3339, or a date, which means 00:00 UTC (default: now).")
  private @Nullable String at;

  @Option(
      names = "--root",
      paramLabel = "FILE",
      description = "The only root to trust, PEM or DER (default: Intel's, or the policy's).")
  private @Nullable String rootFile;

  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description = "What to accept, as nodes read it.")
  private @Nullable Path policyFile;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description = "router, worker or keys: whose images the policy must have (default: any's).")
  private @Nullable String roleWord;

  @Option(names = "--json", description = "JSON instead of a page.")
  private boolean json;

  EvidenceVerifyCommand(Terminal terminal, Clock clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  @Override
  public Integer call() {
    Instant when = time();
    Optional<Role> role = role();
    VerdictReport report;
    try {
      byte[] quote = EvidenceFile.read(quoteFile, terminal, TdxQuote.MAX_BYTES);
      report = judge(quote, when, role);
    } catch (IOException e) {
      terminal.err().println(Terminal.withoutControls(String.valueOf(e.getMessage())));
      return CommandLine.ExitCode.USAGE;
    }
    terminal.out().print(json ? report.toJson() + "\n" : report.toPage(terminal));
    return report.verdict() instanceof Verdict.Trusted ? 0 : 1;
  }

  private VerdictReport judge(byte[] bytes, Instant when, Optional<Role> wanted)
      throws IOException {
    Optional<TdxQuote.Parsed> quote =
        TdxQuote.parse(bytes) instanceof TdxQuote.Parsed parsed
            ? Optional.of(parsed)
            : Optional.empty();
    GivenCollateral collateral = GivenCollateral.read(Optional.ofNullable(collateralFile), quote);
    Policy policy =
        policyFile == null
            ? GenuinePolicy.of(quote, collateral.advisories())
            : Policy.load(policyFile);
    if (rootFile != null) {
      policy = GenuinePolicy.withRoot(policy, rootFile, terminal);
    }
    Role role = wanted.orElse(GenuinePolicy.roleOf(policy, quote));
    byte[] reportData =
        HexFormat.of().parseHex(quote.map(q -> q.measurements().reportData()).orElse(""));
    Verdict verdict =
        bytes.length > TdxQuote.MAX_BYTES
            ? new Verdict.Rejected(
                Verdict.Reason.MALFORMED_QUOTE, "it has more than " + TdxQuote.MAX_BYTES + " bytes")
            : collateral.judge(policy, bytes, reportData, role, when);
    Verdict byIntelAlone =
        collateral.judge(
            GenuinePolicy.of(quote, collateral.advisories())
                .withRoots(policy.trustedRoots(), policy.simulatedRoots()),
            bytes,
            reportData,
            Role.WORKER,
            when);
    return new VerdictReport(
        verdict, VerdictReport.tcbOf(byIntelAlone), quote, when, policyFile != null);
  }

  private Instant time() {
    if (at == null) {
      return clock.instant();
    }
    try {
      return at.indexOf('T') < 0
          ? LocalDate.parse(at).atStartOfDay(ZoneOffset.UTC).toInstant()
          : OffsetDateTime.parse(at).toInstant();
    } catch (DateTimeException e) {
      throw misuse("--at must be a time like 2026-01-20T12:00:00Z, or a date like 2026-01-20");
    }
  }

  private Optional<Role> role() {
    if (roleWord == null) {
      return Optional.empty();
    }
    Optional<Role> role = Role.ofWord(roleWord);
    if (role.isEmpty()) {
      throw misuse("--role must be router, worker or keys");
    }
    return role;
  }

  private ParameterException misuse(String sentence) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
  }
}
