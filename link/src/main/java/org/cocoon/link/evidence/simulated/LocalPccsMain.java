package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;

/**
 * Serves the collateral of a network's simulated platforms on this machine, signed under its test
 * root, until the process ends.
 */
public final class LocalPccsMain {
  private static final Duration BACKDATED = Duration.ofHours(1);
  private static final Duration VALIDITY = Duration.ofDays(SimulatedCollateral.USUAL_DAYS);

  /** How long one issue is served, well within its validity. */
  private static final Duration ISSUE_EVERY = Duration.ofHours(12);

  private LocalPccsMain() {}

  /** Exit codes: 2 usage, a folder that cannot be used or a port that is taken. */
  public static void main(String[] args) throws InterruptedException {
    if (args.length != 4 || !args[0].equals("--dir") || !args[2].equals("--port")) {
      fail("usage: --dir DIR --port PORT (0: any free one)");
      return;
    }
    try (LocalPccs server = start(Path.of(args[1]), Integer.parseInt(args[3]))) {
      System.out.println("serving SIMULATED collateral at " + server.base());
      while (true) {
        Thread.sleep(ISSUE_EVERY);
        issue(server, Path.of(args[1]), InstantSource.system());
      }
    } catch (IOException | IllegalArgumentException e) {
      fail("cannot serve simulated collateral: " + e.getMessage());
    }
  }

  private static void fail(String sentence) {
    System.err.println(sentence);
    System.exit(2);
  }

  /**
   * Starts a server with good collateral for the simulated platforms of a folder's root.
   *
   * @param port 0 takes any free one
   */
  public static LocalPccs start(Path dir, int port) throws IOException {
    LocalPccs server = new LocalPccs(port);
    try {
      issue(server, dir, InstantSource.system());
      return server;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private static void issue(LocalPccs server, Path dir, InstantSource clock) throws IOException {
    Instant from = clock.instant().minus(BACKDATED);
    Collateral collateral =
        new SimulatedCollateral(SimulatedRoot.in(dir, clock), from, from.plus(VALIDITY)).make();
    server.serve(TestCertificates.PLATFORM.fmspc(), CaType.PLATFORM, collateral);
  }
}
