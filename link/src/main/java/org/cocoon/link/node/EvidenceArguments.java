package org.cocoon.link.node;

import java.nio.file.Path;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@link EvidenceOptions} on a program's command line; a mixin. */
public final class EvidenceArguments {
  @Mixin private PolicyArguments policy = new PolicyArguments();

  @Option(
      names = "--collateral",
      paramLabel = "PLACE",
      description =
          "Intel's collateral: URL of a caching server (PCCS), folder, or file (default: none).")
  private @Nullable String collateral;

  @Option(
      names = "--tee",
      paramLabel = "DIR",
      description = "Where the kernel makes TEE reports (default ${DEFAULT-VALUE}).")
  private Path tee = TsmReports.KERNEL_FOLDER;

  @Option(
      names = "--simulated-tee",
      paramLabel = "DIR",
      description = "Simulate the TEE with the test root in DIR. Protects nothing.")
  private @Nullable Path simulatedTee;

  @Option(
      names = "--simulated-provider",
      defaultValue = "tdx",
      paramLabel = "MAKER",
      description = "Whose hardware it is: tdx or snp (default ${DEFAULT-VALUE}).")
  private String simulatedProvider = "";

  /** What was said about the policy and the chain. */
  public PolicyArguments policy() {
    return policy;
  }

  /**
   * What was said.
   *
   * @throws IllegalArgumentException a sentence, if no such hardware can be simulated, or there is
   *     not one policy
   */
  public EvidenceOptions options() {
    return options(policy.source());
  }

  /** The same with a policy from there. */
  public EvidenceOptions options(PolicySource source) {
    return new EvidenceOptions(
        source, tee, simulatedTee, SimulatedTee.Provider.ofWord(simulatedProvider), collateral);
  }
}
