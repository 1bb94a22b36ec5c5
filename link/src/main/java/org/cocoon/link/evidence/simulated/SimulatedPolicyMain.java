package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/**
 * Writes a policy that allows exactly the images of some programs under a network's test root,
 * which is made if it is missing; or the root's collateral; or both.
 */
public final class SimulatedPolicyMain {
  private static final String USAGE =
      "usage: --dir DIR --router router.jar --worker worker.jar [--keys keys.jar]"
          + " [--collateral collateral.json] --out policy.json\n"
          + "   or: --dir DIR --collateral collateral.json";
  private static final Set<String> OPTIONS =
      Set.of("--dir", "--router", "--worker", "--keys", "--collateral", "--out");

  private static final Duration BACKDATED = Duration.ofHours(1);

  private SimulatedPolicyMain() {}

  /**
   * Exit codes: 0 written, 2 usage or a file that cannot be read or written.
   *
   * <p>With {@code --collateral} the policy requires collateral, and this file has it for {@link
   * SimulatedCollateral#USUAL_DAYS} days. Alone it is written anew, and nothing else: a network
   * that runs keeps its policy. Files are replaced whole.
   */
  public static void main(String[] args) {
    Map<String, Path> options = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i], Path.of(args[i + 1]));
    }
    try {
      Path dir = options.get("--dir");
      Path collateral = options.get("--collateral");
      if (args.length == 4 && dir != null && collateral != null) {
        writeCollateral(dir, collateral);
      } else {
        writePolicy(args, options);
      }
    } catch (IOException e) {
      fail("cannot make policy and collateral: " + e.getMessage());
    }
  }

  private static void writePolicy(String[] args, Map<String, Path> options) throws IOException {
    Path dir = options.get("--dir");
    Path router = options.get("--router");
    Path worker = options.get("--worker");
    Path out = options.get("--out");
    if (args.length != 2 * options.size()
        || !OPTIONS.containsAll(options.keySet())
        || dir == null
        || router == null
        || worker == null
        || out == null) {
      fail(USAGE);
      return;
    }
    Map<Role, Path> programs = new EnumMap<>(Map.of(Role.ROUTER, router, Role.WORKER, worker));
    Path keys = options.get("--keys");
    if (keys != null) {
      programs.put(Role.KEYS, keys);
    }
    Policy policy = policy(dir, programs);
    Path collateral = options.get("--collateral");
    if (collateral != null) {
      writeCollateral(dir, collateral);
      policy = policy.withCollateralRequired(true);
    }
    write(out, policy.toJson().getBytes(UTF_8));
  }

  private static void fail(String sentence) {
    System.err.println(sentence);
    System.exit(2);
  }

  /**
   * The policy that allows these images under this folder's root, and nothing else.
   *
   * @param programs the jar that runs in each role
   * @throws IOException if the root cannot be made or an image cannot be read
   */
  public static Policy policy(Path dir, Map<Role, Path> programs) throws IOException {
    SimulatedRoot root = SimulatedRoot.in(dir, InstantSource.system());
    Map<Role, Set<String>> images = new EnumMap<>(Role.class);
    for (Map.Entry<Role, Path> program : programs.entrySet()) {
      ImageMeasurement image = ImageMeasurement.ofJar(program.getValue());
      images.put(program.getKey(), Set.of(image.imageHash(program.getKey())));
    }
    return SimulatedPolicy.of(Set.of(root.hash()), images);
  }

  private static void writeCollateral(Path dir, Path out) throws IOException {
    InstantSource clock = InstantSource.system();
    Instant now = clock.instant();
    Instant until = now.plus(Duration.ofDays(SimulatedCollateral.USUAL_DAYS));
    SimulatedRoot root = SimulatedRoot.in(dir, clock);
    write(out, new SimulatedCollateral(root, now.minus(BACKDATED), until).make().toJson());
  }

  private static void write(Path out, byte[] content) throws IOException {
    Path whole = out.toAbsolutePath();
    Path folder = whole.getParent();
    if (folder == null) {
      throw new IOException(out + " is no file");
    }
    Files.createDirectories(folder);
    Path fresh = folder.resolve(whole.getFileName() + ".new");
    Files.write(fresh, content);
    Files.move(fresh, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
