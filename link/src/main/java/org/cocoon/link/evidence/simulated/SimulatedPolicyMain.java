package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/**
 * Writes a policy that allows exactly two images under a network's test root, which is made if it
 * is missing.
 */
public final class SimulatedPolicyMain {
  private static final String USAGE =
      "usage: --dir DIR --router router.jar --worker worker.jar --out policy.json";

  private SimulatedPolicyMain() {}

  /** Exit codes: 0 written, 2 usage or a file that cannot be read or written. */
  public static void main(String[] args) {
    Map<String, Path> options = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i], Path.of(args[i + 1]));
    }
    Path dir = options.get("--dir");
    Path router = options.get("--router");
    Path worker = options.get("--worker");
    Path out = options.get("--out");
    if (args.length != 8 || dir == null || router == null || worker == null || out == null) {
      fail(USAGE);
      return;
    }
    try {
      write(policy(dir, router, worker), out);
    } catch (IOException e) {
      fail("cannot make the policy: " + e.getMessage());
    }
  }

  private static void fail(String sentence) {
    System.err.println(sentence);
    System.exit(2);
  }

  /**
   * The policy that allows these two images under this folder's root, and nothing else.
   *
   * @throws IOException if the root cannot be made or an image cannot be read
   */
  public static Policy policy(Path dir, Path routerJar, Path workerJar) throws IOException {
    SimulatedRoot root = SimulatedRoot.in(dir, InstantSource.system());
    return new Policy(
        Set.of(),
        Set.of(root.hash()),
        false,
        Map.of(
            Role.ROUTER, Set.of(ImageMeasurement.ofJar(routerJar).imageHash(Role.ROUTER)),
            Role.WORKER, Set.of(ImageMeasurement.ofJar(workerJar).imageHash(Role.WORKER))));
  }

  private static void write(Policy policy, Path out) throws IOException {
    Path folder = out.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(out, policy.toJson());
  }
}
