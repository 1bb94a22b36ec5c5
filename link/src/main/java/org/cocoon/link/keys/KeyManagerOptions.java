package org.cocoon.link.keys;

import java.time.Duration;
import org.cocoon.link.node.EvidenceOptions;

/**
 * What a key manager is told at its start.
 *
 * @param host where workers dial
 * @param port the same; 0 takes a free one
 * @param name for people
 * @param evidence where its own comes from, and whose it accepts
 * @param epoch how long a key is the newest of its model, 10 seconds to 5 hours
 */
public record KeyManagerOptions(
    String host, int port, String name, EvidenceOptions evidence, Duration epoch) {

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
