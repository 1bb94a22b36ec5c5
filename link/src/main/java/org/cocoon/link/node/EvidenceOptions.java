package org.cocoon.link.node;

import java.nio.file.Path;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.jspecify.annotations.Nullable;

/**
 * Where a program's own evidence comes from, and what it accepts of others.
 *
 * @param policy says whose evidence is accepted
 * @param tee the kernel's folder of TEE reports (configfs-tsm)
 * @param simulatedTee folder with the test root of simulated evidence, or null for a real TEE
 * @param simulatedProvider whose hardware a simulated TEE is
 * @param collateral where Intel's collateral comes from: URL of a caching server, folder or file;
 *     null for none
 */
public record EvidenceOptions(
    PolicySource policy,
    Path tee,
    @Nullable Path simulatedTee,
    SimulatedTee.Provider simulatedProvider,
    @Nullable String collateral) {

  /** The same with a policy file. */
  public EvidenceOptions(
      Path policy,
      Path tee,
      @Nullable Path simulatedTee,
      SimulatedTee.Provider simulatedProvider,
      @Nullable String collateral) {
    this(new PolicySource.File(policy), tee, simulatedTee, simulatedProvider, collateral);
  }
}
