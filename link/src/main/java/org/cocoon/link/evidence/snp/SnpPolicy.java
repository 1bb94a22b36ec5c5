package org.cocoon.link.evidence.snp;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.Role;

/**
 * What a node accepts from peers that run under SEV-SNP.
 *
 * @param minimumTcb the least platform version of each product line; a line that is missing is not
 *     accepted
 * @param simulatedRoots SHA-256 of test roots; empty in production
 * @param loadedKeysAllowed whether a cloud provider's key (VLEK) may sign, which does not name the
 *     chip
 * @param authorKeys SHA-384 of keys under which a guest's identity must be signed, 96 lower-case
 *     hexadecimal digits; where empty, no guest may have an author key
 * @param images allowed images of each role, {@link SnpReport.Parsed#imageHash()}
 */
public record SnpPolicy(
    Map<Product, TcbVersion> minimumTcb,
    Set<String> simulatedRoots,
    boolean loadedKeysAllowed,
    Set<String> authorKeys,
    Map<Role, Set<String>> images) {

  /** Checks that no root is both AMD's and simulated, and copies everything. */
  public SnpPolicy {
    minimumTcb = Map.copyOf(minimumTcb);
    simulatedRoots = Set.copyOf(simulatedRoots);
    authorKeys = Set.copyOf(authorKeys);
    images =
        images.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> Set.copyOf(e.getValue())));
    Set<String> simulated = simulatedRoots;
    if (Arrays.stream(Product.values()).map(Product::rootSha256).anyMatch(simulated::contains)) {
      throw new IllegalArgumentException(
          "simulatedRoots names a root of AMD's; a root can only be one of them");
    }
  }

  /** The least version of a product line; empty does not accept the line. */
  Optional<TcbVersion> minimumFor(Product product) {
    return Optional.ofNullable(minimumTcb.get(product));
  }

  /** The images that a role may run; empty allows nothing. */
  public Set<String> imagesOf(Role role) {
    return images.getOrDefault(role, Set.of());
  }
}
