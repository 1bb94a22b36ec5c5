package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a node accepts from its peers.
 *
 * <p>Its file is JSON; every key but {@code version} may be left out, and then allows nothing or
 * asks for the strictest:
 *
 * <pre>{@code
 * {
 *   "version": 1,
 *   "trustedRoots": ["44a0196b..."],
 *   "simulatedRoots": [],
 *   "collateral": "required",
 *   "tcbStatuses": ["UpToDate"],
 *   "minimumEvaluationNumber": 18,
 *   "allowedAdvisories": [],
 *   "tdAttributes": ["0x10000000"],
 *   "xfam": ["0x602e7"],
 *   "mrSeam": ["9790d89a..."],
 *   "images": {"router": ["..."], "worker": ["..."], "keys": ["..."]},
 *   "gpu": {"worker": "required"},
 *   "snp": {"products": ["Genoa"], "minimumTcb": {"bootloader": 10, "microcode": 84}},
 *   "onChange": "end"
 * }
 * }</pre>
 *
 * <p>Roots and images are SHA-256 in 64 lower-case hexadecimal digits: of a root certificate's DER,
 * and of an image ({@link Measurements#imageHash()}).
 *
 * @param trustedRoots roots of hardware
 * @param simulatedRoots test roots of simulated TEEs; empty in production
 * @param collateralRequired whether a platform must be checked against its maker's collateral
 * @param tcb what Intel may say of a platform
 * @param domains what a trust domain may be, besides its image
 * @param images allowed images of each role
 * @param gpu what is asked of each role's GPUs; a role that is left out may bring none
 * @param snp what AMD's platforms must be
 * @param onChange what becomes of links that a new policy no longer allows
 */
public record Policy(
    Set<String> trustedRoots,
    Set<String> simulatedRoots,
    boolean collateralRequired,
    Tcb tcb,
    Domains domains,
    Map<Role, Set<String>> images,
    Map<Role, GpuRule> gpu,
    Snp snp,
    OnChange onChange) {

  /** SHA-256 of the DER of the Intel SGX Root CA. */
  public static final String INTEL_SGX_ROOT =
      "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3";

  /** Allows nothing: what an empty file says. */
  public static final Policy NOTHING =
      new Policy(
          Set.of(),
          Set.of(),
          true,
          Tcb.STRICT,
          Domains.NONE,
          Map.of(),
          Map.of(),
          Snp.NONE,
          OnChange.END);

  private static final int MAX_FILE_BYTES = 1024 * 1024;

  /**
   * What Intel may say of a platform, where its collateral is checked.
   *
   * @param statuses allowed statuses; empty allows nothing
   * @param minimumEvaluationNumber least tcbEvaluationDataNumber of TCB info and identity; 0
   *     accepts whatever Intel issues
   * @param advisories security advisories that may apply, in Intel's names; empty allows none
   */
  public record Tcb(Set<TcbStatus> statuses, int minimumEvaluationNumber, Set<String> advisories) {
    /** Only platforms with which nothing is wrong. */
    public static final Tcb STRICT = new Tcb(Set.of(TcbStatus.UP_TO_DATE), 0, Set.of());

    /** Copies the sets and refuses {@link TcbStatus#REVOKED}. */
    public Tcb {
      statuses = Set.copyOf(statuses);
      advisories = Set.copyOf(advisories);
      if (statuses.contains(TcbStatus.REVOKED)) {
        throw new IllegalArgumentException("tcbStatuses names Revoked, which nobody may allow");
      }
      if (minimumEvaluationNumber < 0) {
        throw new IllegalArgumentException("minimumEvaluationNumber must not be negative");
      }
    }
  }

  /**
   * What a trust domain may be, besides its image, whose hash does not cover these.
   *
   * @param tdAttributes allowed values
   * @param xfam allowed values
   * @param mrSeam allowed TDX modules, 96 lower-case hexadecimal digits each
   */
  public record Domains(Set<Long> tdAttributes, Set<Long> xfam, Set<String> mrSeam) {
    /** None. */
    public static final Domains NONE = new Domains(Set.of(), Set.of(), Set.of());

    /** Copies the sets. */
    public Domains {
      tdAttributes = Set.copyOf(tdAttributes);
      xfam = Set.copyOf(xfam);
      mrSeam = Set.copyOf(mrSeam);
    }
  }

  /**
   * What AMD's SEV-SNP platforms must be.
   *
   * @param products allowed processors, for example "Genoa"; empty allows nothing
   * @param minimumTcb least security version, 0 to 255, of each component that is named: {@link
   *     #COMPONENTS}
   */
  public record Snp(Set<String> products, SortedMap<String, Integer> minimumTcb) {
    /** The names that components have in policy files. */
    public static final Set<String> COMPONENTS =
        Set.of("fmc", "bootloader", "tee", "snp", "microcode");

    /** None. */
    public static final Snp NONE = new Snp(Set.of(), new TreeMap<>());

    /** Copies both. */
    public Snp {
      products = Set.copyOf(products);
      minimumTcb = Collections.unmodifiableSortedMap(new TreeMap<>(minimumTcb));
      if (!COMPONENTS.containsAll(minimumTcb.keySet())
          || minimumTcb.values().stream().anyMatch(svn -> svn < 0 || svn > 0xff)) {
        throw new IllegalArgumentException(
            "snp.minimumTcb has another key than " + COMPONENTS + " or a value above 255");
      }
    }

    /** Least security version of a component; 0 where the policy names none. */
    public int minimumOf(String component) {
      return minimumTcb.getOrDefault(component, 0);
    }
  }

  /** Checks that no root is both hardware and simulated, and copies everything. */
  public Policy {
    trustedRoots = Set.copyOf(trustedRoots);
    simulatedRoots = Set.copyOf(simulatedRoots);
    images =
        images.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> Set.copyOf(e.getValue())));
    gpu = Map.copyOf(gpu);
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

  /** What is asked of a role's GPUs. */
  public GpuRule gpu(Role role) {
    return gpu.getOrDefault(role, GpuRule.FORBIDDEN);
  }

  /** Whether some simulated TEE is accepted, which must be said wherever status is shown. */
  public boolean allowsSimulated() {
    return !simulatedRoots.isEmpty();
  }

  /** The same with other roots. */
  public Policy withRoots(Set<String> trusted, Set<String> simulated) {
    return new Policy(
        trusted, simulated, collateralRequired, tcb, domains, images, gpu, snp, onChange);
  }

  /** The same with collateral required, or not. */
  public Policy withCollateralRequired(boolean required) {
    return new Policy(
        trustedRoots, simulatedRoots, required, tcb, domains, images, gpu, snp, onChange);
  }

  /** The same with other words on platforms. */
  public Policy withTcb(Tcb other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        other,
        domains,
        images,
        gpu,
        snp,
        onChange);
  }

  /** The same with other domains. */
  public Policy withDomains(Domains other) {
    return new Policy(
        trustedRoots, simulatedRoots, collateralRequired, tcb, other, images, gpu, snp, onChange);
  }

  /** The same with other images. */
  public Policy withImages(Map<Role, Set<String>> other) {
    return new Policy(
        trustedRoots, simulatedRoots, collateralRequired, tcb, domains, other, gpu, snp, onChange);
  }

  /** The same with other rules for GPUs. */
  public Policy withGpu(Map<Role, GpuRule> other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        domains,
        images,
        other,
        snp,
        onChange);
  }

  /** The same with other rules for AMD's platforms. */
  public Policy withSnp(Snp other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        domains,
        images,
        gpu,
        other,
        onChange);
  }

  /** The same with another answer to changes. */
  public Policy withOnChange(OnChange other) {
    return new Policy(
        trustedRoots, simulatedRoots, collateralRequired, tcb, domains, images, gpu, snp, other);
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
      return PolicyReader.read(Files.readAllBytes(file), MAX_FILE_BYTES);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** The policy as a file that {@link #load} reads, sorted. */
  public String toJson() {
    return PolicyWriter.write(this);
  }
}
