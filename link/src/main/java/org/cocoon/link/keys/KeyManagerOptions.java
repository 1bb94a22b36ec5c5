package org.cocoon.link.keys;

import java.nio.file.Path;
import java.time.Duration;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.jspecify.annotations.Nullable;

/**
 * What a key manager is told at its start.
 *
 * @param host where workers dial
 * @param port the same; 0 takes a free one
 * @param name for people
 * @param policy file that says whose evidence is accepted
 * @param tee the kernel's folder of TEE reports (configfs-tsm)
 * @param simulatedTee folder with the test root of simulated evidence, or null for a real TEE
 * @param simulatedProvider whose hardware a simulated TEE is
 * @param collateral where Intel's collateral comes from: URL of a caching server, folder or file;
 *     null for none
 * @param epoch how long a key is the newest of its model, 10 seconds to 5 hours
 */
public record KeyManagerOptions(
    String host,
    int port,
    String name,
    Path policy,
    Path tee,
    @Nullable Path simulatedTee,
    SimulatedTee.Provider simulatedProvider,
    @Nullable String collateral,
    Duration epoch) {

  /** Checks the bounds. */
  public KeyManagerOptions {
    if (epoch.compareTo(GroupKeyStore.LEAST_EPOCH) < 0
        || epoch.compareTo(GroupKeyStore.MOST_EPOCH) > 0) {
      throw new IllegalArgumentException("--epoch is 10s to 5h");
    }
    if (!name.matches("[\\x21-\\x7e&&[^\"\\\\]]{1,64}")) {
      throw new IllegalArgumentException("--name is 1 to 64 printable characters without spaces");
    }
  }
}
