package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

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
 *   "gpuAccepted": {"chips": ["GH100"], "drivers": ["590.12"], "vbios": ["96.00.A5.00.01"]},
 *   "snp": {"Genoa": {"bootloader": 10, "tee": 0, "snp": 25, "microcode": 84}},
 *   "onChange": "end"
 * }
 * }</pre>
 *
 * <p>Roots and images are SHA-256 in 64 lower-case hexadecimal digits: of a root certificate's DER,
 * and of an image (for TDX {@link Measurements#imageHash()}; a role's list has those of TDX and SNP
 * alike). The roots of AMD and NVIDIA need no entry: they count where {@code snp} names a line of
 * processors, and where {@code gpu} lets a role bring GPUs that {@code gpuAccepted} has.
 *
 * @param trustedRoots roots of hardware
 * @param simulatedRoots test roots of simulated TEEs; empty in production
 * @param collateralRequired whether a platform must be checked against its maker's collateral
 * @param tcb what Intel may say of a platform
 * @param domains what a trust domain may be, besides its image
 * @param images allowed images of each role
 * @param gpu what is asked of each role's GPUs; a role that is left out may bring none
 * @param gpuAccepted which GPUs they may be
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
    Gpus gpuAccepted,
    Snp snp,
    OnChange onChange) {

  /** SHA-256 of the DER of the Intel SGX Root CA. */
  public static final String INTEL_SGX_ROOT = HardwareRoots.INTEL_SGX;

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
          Gpus.NONE,
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
   * Which GPUs are accepted, where their evidence is; an empty list allows nothing.
   *
   * @param chips for example "GH100"
   * @param drivers versions of NVIDIA's driver, for example "590.12"
   * @param vbios versions of the VBIOS, for example "96.00.A5.00.01"
   */
  public record Gpus(Set<String> chips, Set<String> drivers, Set<String> vbios) {
    /** None. */
    public static final Gpus NONE = new Gpus(Set.of(), Set.of(), Set.of());

    /** Copies the sets. */
    public Gpus {
      chips = Set.copyOf(chips);
      drivers = Set.copyOf(drivers);
      vbios = Set.copyOf(vbios);
    }
  }

  /**
   * What AMD's SEV-SNP platforms must be.
   *
   * @param minimumTcb the least security version of each part, 0 to 255, by line of processors; a
   *     line that is not named is not accepted
   */
  public record Snp(SortedMap<String, SortedMap<String, Integer>> minimumTcb) {
    /** None. */
    public static final Snp NONE = new Snp(new TreeMap<>());

    private static final SortedSet<String> PARTS = sorted("bootloader", "tee", "snp", "microcode");
    private static final SortedSet<String> PARTS_OF_TURIN =
        sorted("fmc", "bootloader", "tee", "snp", "microcode");
    private static final Map<String, SortedSet<String>> PRODUCTS =
        Map.of("Milan", PARTS, "Genoa", PARTS, "Turin", PARTS_OF_TURIN);

    /** Checks that every line is known and names all its parts, and copies everything. */
    public Snp {
      SortedMap<String, SortedMap<String, Integer>> copy = new TreeMap<>();
      minimumTcb.forEach(
          (product, parts) -> {
            if (!PRODUCTS.containsKey(product)
                || !partsOf(product).equals(parts.keySet())
                || parts.values().stream().anyMatch(svn -> svn < 0 || svn > 0xff)) {
              throw new IllegalArgumentException(
                  "snp." + product + " must have " + partsOf(product) + ", each 0 to 255");
            }
            copy.put(product, Collections.unmodifiableSortedMap(new TreeMap<>(parts)));
          });
      minimumTcb = Collections.unmodifiableSortedMap(copy);
    }

    /** The names of the known lines of processors. */
    public static Set<String> products() {
      return PRODUCTS.keySet();
    }

    /** The names of the parts of a line; empty for an unknown one. */
    public static SortedSet<String> partsOf(String product) {
      return PRODUCTS.getOrDefault(product, Collections.emptySortedSet());
    }

    private static SortedSet<String> sorted(String... parts) {
      return Collections.unmodifiableSortedSet(new TreeSet<>(Arrays.asList(parts)));
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
      if (trustedRoots.contains(root) || HardwareRoots.contains(root)) {
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
        trusted,
        simulated,
        collateralRequired,
        tcb,
        domains,
        images,
        gpu,
        gpuAccepted,
        snp,
        onChange);
  }

  /** The same with collateral required, or not. */
  public Policy withCollateralRequired(boolean required) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        required,
        tcb,
        domains,
        images,
        gpu,
        gpuAccepted,
        snp,
        onChange);
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
        gpuAccepted,
        snp,
        onChange);
  }

  /** The same with other domains. */
  public Policy withDomains(Domains other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        other,
        images,
        gpu,
        gpuAccepted,
        snp,
        onChange);
  }

  /** The same with other images. */
  public Policy withImages(Map<Role, Set<String>> other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        domains,
        other,
        gpu,
        gpuAccepted,
        snp,
        onChange);
  }

  /** The same with other rules for GPUs, and other GPUs accepted. */
  public Policy withGpu(Map<Role, GpuRule> rules, Gpus accepted) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        domains,
        images,
        rules,
        accepted,
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
        gpuAccepted,
        other,
        onChange);
  }

  /** The same with another answer to changes. */
  public Policy withOnChange(OnChange other) {
    return new Policy(
        trustedRoots,
        simulatedRoots,
        collateralRequired,
        tcb,
        domains,
        images,
        gpu,
        gpuAccepted,
        snp,
        other);
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

  /**
   * Reads a policy that is a part of another document.
   *
   * @throws JsonException naming the key and what would be right
   */
  public static Policy read(JsonObject policy) throws JsonException {
    try {
      return PolicyReader.read(policy);
    } catch (IllegalArgumentException e) {
      throw new JsonException("key '" + policy.path() + "': " + e.getMessage());
    }
  }

  /** The policy as a file that {@link #load} reads, sorted. */
  public String toJson() {
    return PolicyWriter.write(this);
  }
}
