package org.cocoon.link.registry;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.json.JsonException;

/**
 * The document of a registry: what docs/REGISTRY.md describes.
 *
 * @param policy whose evidence is accepted
 * @param models the weights that may be served, SHA-256 in 64 hexadecimal digits, by the model's
 *     name; an empty list allows nothing, and a model without a list may have any
 * @param prices a price book as JSON, if the document has one
 * @param routers of the network, in the document's order
 */
public record NetworkDocument(
    Policy policy,
    SortedMap<String, Set<String>> models,
    Optional<String> prices,
    List<ListedRouter> routers) {

  /** The longest document, in bytes. */
  public static final int MAX_BYTES = RegistryState.MAX_DOCUMENT_BYTES;

  /** Copies everything. */
  public NetworkDocument {
    SortedMap<String, Set<String>> copy = new TreeMap<>();
    models.forEach((name, hashes) -> copy.put(name, Set.copyOf(hashes)));
    models = Collections.unmodifiableSortedMap(copy);
    routers = List.copyOf(routers);
  }

  /**
   * Reads a document strictly: an unknown, doubled or wrong key is refused by its name.
   *
   * @param utf8 the whole text, up to {@link #MAX_BYTES}
   * @throws IllegalArgumentException a sentence with the key at fault and what would be right
   */
  public static NetworkDocument parse(byte[] utf8) {
    try {
      return DocumentReader.read(utf8);
    } catch (JsonException e) {
      throw new IllegalArgumentException(e.reason(), e);
    }
  }

  /** The same without images and weights that were taken back. */
  public NetworkDocument without(Set<String> revoked) {
    if (revoked.isEmpty()) {
      return this;
    }
    Map<Role, Set<String>> images = new EnumMap<>(Role.class);
    for (Role role : Role.values()) {
      images.put(role, without(policy.imagesOf(role), revoked));
    }
    SortedMap<String, Set<String>> weights = new TreeMap<>();
    models.forEach((name, hashes) -> weights.put(name, without(hashes, revoked)));
    return new NetworkDocument(policy.withImages(images), weights, prices, routers);
  }

  private static Set<String> without(Set<String> hashes, Set<String> revoked) {
    return hashes.stream()
        .filter(hash -> !revoked.contains(hash))
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Why a model may not be served; empty if it may.
   *
   * @param revision "revision:hash", the hash being that of the weights
   */
  public Optional<String> refusal(String model, String revision) {
    Set<String> allowed = models.get(model);
    String hash = revision.substring(revision.lastIndexOf(':') + 1);
    return allowed == null || allowed.contains(hash)
        ? Optional.empty()
        : Optional.of(
            "the registry does not list weights %s of model %s"
                .formatted(hash.isEmpty() ? "without a hash" : shortened(hash), model));
  }

  private static String shortened(String hash) {
    return hash.length() > 64 ? hash.substring(0, 64) : hash;
  }
}
