package org.cocoon.link.registry;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * Which registry is in force, and whom a node asks about it.
 *
 * @param address the contract
 * @param endpoints toncenter-compatible, version 2, each ending with {@code /api/v2}
 * @param quorum how many of them must say the same, 1 to their number
 * @param state folder that remembers the newest version over a restart, if there is one
 * @param maxAge how long what was read last counts where the chain is away; then no new link comes
 *     up
 * @param interval between two looks, 100 ms to 10 min
 */
public record RegistryOptions(
    RegistryAddress address,
    List<URI> endpoints,
    int quorum,
    Optional<Path> state,
    Duration maxAge,
    Duration interval) {
  /** How long an old reading counts, unless it is said otherwise. */
  public static final Duration DEFAULT_MAX_AGE = Duration.ofHours(24);

  /** How often the chain is asked: a change reaches links within half a minute. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(15);

  private static final int MAX_ENDPOINTS = 16;
  private static final Duration LEAST_AGE = Duration.ofMinutes(1);
  private static final Duration MOST_AGE = Duration.ofDays(30);
  private static final Duration LEAST_INTERVAL = Duration.ofMillis(100);
  private static final Duration MOST_INTERVAL = Duration.ofMinutes(10);

  /** Checks the bounds. */
  public RegistryOptions {
    endpoints = endpoints.stream().map(ToncenterEndpoint::base).toList();
    if (endpoints.isEmpty() || endpoints.size() > MAX_ENDPOINTS) {
      throw new IllegalArgumentException(
          "--registry needs --chain URL, once for each of 1 to " + MAX_ENDPOINTS + " endpoints");
    }
    if (new HashSet<>(endpoints).size() < endpoints.size()) {
      throw new IllegalArgumentException(
          "--chain names an endpoint twice: it would count twice, and be one");
    }
    if (quorum < 1 || quorum > endpoints.size()) {
      throw new IllegalArgumentException(
          "--registry-quorum is 1 to the number of --chain endpoints (%d), not %d"
              .formatted(endpoints.size(), quorum));
    }
    requireWithin("--registry-max-age", maxAge, LEAST_AGE, MOST_AGE);
    requireWithin("--registry-interval", interval, LEAST_INTERVAL, MOST_INTERVAL);
  }

  /** The usual: more than half of the endpoints must say the same. */
  public static RegistryOptions of(RegistryAddress address, List<URI> endpoints) {
    return new RegistryOptions(
        address,
        endpoints,
        majority(endpoints.size()),
        Optional.empty(),
        DEFAULT_MAX_AGE,
        DEFAULT_INTERVAL);
  }

  /** More than half. */
  public static int majority(int endpoints) {
    return endpoints / 2 + 1;
  }

  /** The same, asking this often. */
  public RegistryOptions every(Duration other) {
    return new RegistryOptions(address, endpoints, quorum, state, maxAge, other);
  }

  /** The same, with another quorum. */
  public RegistryOptions withQuorum(int other) {
    return new RegistryOptions(address, endpoints, other, state, maxAge, interval);
  }

  /** The same, with another longest age. */
  public RegistryOptions withMaxAge(Duration other) {
    return new RegistryOptions(address, endpoints, quorum, state, other, interval);
  }

  /** The same, remembering in a folder. */
  public RegistryOptions rememberingIn(Path folder) {
    return new RegistryOptions(address, endpoints, quorum, Optional.of(folder), maxAge, interval);
  }

  private static void requireWithin(String option, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "%s is %s to %s, not %s".formatted(option, least, most, value));
    }
  }
}
