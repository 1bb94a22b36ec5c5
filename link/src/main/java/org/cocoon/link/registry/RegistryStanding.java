package org.cocoon.link.registry;

import java.time.Instant;
import java.util.Optional;
import java.util.SortedSet;

/**
 * How a node stands with its registry; for logs, status and metrics.
 *
 * @param registry its address
 * @param version of the document in force
 * @param document the beginning of that document's SHA-256, hex
 * @param confirmedAt the last time by which the chain said so
 * @param stale whether that is too long ago, so that no new link comes up
 * @param endpoints that are asked
 * @param quorum of them that must say the same
 * @param announced the change that was announced
 * @param revoked images and weights that were taken back
 * @param problem what is wrong now
 */
public record RegistryStanding(
    RegistryAddress registry,
    long version,
    String document,
    Instant confirmedAt,
    boolean stale,
    int endpoints,
    int quorum,
    Optional<Announced> announced,
    SortedSet<String> revoked,
    Optional<String> problem) {

  /**
   * A change that comes.
   *
   * @param document the beginning of the document's SHA-256, hex
   * @param activatesAt from when on anybody may apply it
   * @param problem why it would change nothing, where it is broken
   */
  public record Announced(String document, Instant activatesAt, Optional<String> problem) {}
}
