package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a node accepts from its peers.
 *
 * <p>Its file is JSON; every key but {@code version} may be left out, and then allows nothing:
 *
 * <pre>{@code
 * {
 *   "version": 1,
 *   "trustedRoots": ["44a0196b..."],
 *   "simulatedRoots": [],
 *   "collateral": "required",
 *   "images": {"router": ["..."], "worker": ["..."]}
 * }
 * }</pre>
 *
 * <p>All hashes are SHA-256, 64 lower-case hexadecimal digits: of a root certificate's DER, and of
 * an image ({@link Measurements#imageHash()}).
 *
 * @param trustedRoots roots of hardware
 * @param simulatedRoots test roots of simulated TEEs; empty in production
 * @param collateralRequired whether a platform must be checked against its maker's collateral
 * @param images allowed images of each role
 */
public record Policy(
    Set<String> trustedRoots,
    Set<String> simulatedRoots,
    boolean collateralRequired,
    Map<Role, Set<String>> images) {

  /** SHA-256 of the DER of the Intel SGX Root CA. */
  public static final String INTEL_SGX_ROOT =
      "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3";

  private static final int MAX_FILE_BYTES = 1024 * 1024;

  /** Checks that no root is both hardware and simulated, and copies everything. */
  public Policy {
    trustedRoots = Set.copyOf(trustedRoots);
    simulatedRoots = Set.copyOf(simulatedRoots);
    images =
        images.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> Set.copyOf(e.getValue())));
    for (String root : simulatedRoots) {
      if (trustedRoots.contains(root) || root.equals(INTEL_SGX_ROOT)) {
        throw new IllegalArgumentException(
            "simulatedRoots names a hardware root, " + root + "; a root can only be one of them");
      }
    }
  }

  /** The images that a role may run; empty allows nothing. */
  public Set<String> imagesOf(Role role) {
    return images.getOrDefault(role, Set.of());
  }

  /** Whether some simulated TEE is accepted, which must be said wherever status is shown. */
  public boolean allowsSimulated() {
    return !simulatedRoots.isEmpty();
  }

  /** Names this policy's content: SHA-256 of {@link #toJson()}, 32 bytes. */
  public byte[] digest() {
    return Digests.sha256(toJson().getBytes(UTF_8));
  }

  /**
   * Reads a policy file.
   *
   * @throws IOException if it cannot be read, or a sentence that names the file, the key and what
   *     would be right
   */
  public static Policy load(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_FILE_BYTES) {
      throw new IOException(file + ": has " + size + " bytes, more than " + MAX_FILE_BYTES);
    }
    try {
      return PolicyReader.read(Files.readAllBytes(file));
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** The policy as a file that {@link #load} reads, sorted. */
  public String toJson() {
    Map<Role, Set<String>> byRole = new EnumMap<>(Role.class);
    for (Role role : Role.values()) {
      byRole.put(role, imagesOf(role));
    }
    String roles =
        byRole.entrySet().stream()
            .map(e -> "    \"" + e.getKey().word() + "\": " + array(e.getValue()))
            .collect(Collectors.joining(",\n"));
    return "{\n  \"version\": 1,\n  \"trustedRoots\": "
        + array(trustedRoots)
        + ",\n  \"simulatedRoots\": "
        + array(simulatedRoots)
        + ",\n  \"collateral\": \""
        + (collateralRequired ? PolicyReader.REQUIRED : PolicyReader.NOT_REQUIRED)
        + "\",\n  \"images\": {\n"
        + roles
        + "\n  }\n}\n";
  }

  private static String array(Collection<String> hashes) {
    return new TreeSet<>(hashes)
        .stream().map(hash -> '"' + hash + '"').collect(Collectors.joining(", ", "[", "]"));
  }
}
