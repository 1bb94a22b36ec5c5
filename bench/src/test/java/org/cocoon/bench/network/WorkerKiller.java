package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Keeps three workers alive and kills one of them at random moments. */
final class WorkerKiller {
  private static final int WORKERS = 3;

  private final TestNetwork network;
  private final Random random;
  private final String[] arguments;
  private final List<Process> workers = new ArrayList<>();
  private final List<Process> dead = new ArrayList<>();
  private int started;
  private int busy;

  /**
   * Starts the workers.
   *
   * @param arguments of each of them
   */
  WorkerKiller(TestNetwork network, Random random, String... arguments) throws Exception {
    this.network = network;
    this.random = random;
    this.arguments = arguments;
    while (workers.size() < WORKERS) {
      start();
    }
  }

  private void start() throws Exception {
    workers.add(network.worker("w" + started++, arguments));
  }

  /** Kills so many, each at most so long after another one has taken its place. */
  void kill(int kills, int mostMillis) throws Exception {
    for (int kill = 0; kill < kills; kill++) {
      long until = System.nanoTime() + random.nextLong(TimeUnit.MILLISECONDS.toNanos(mostMillis));
      for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
        LockSupport.parkNanos(left); // a random moment is what is wanted here
      }
      busy += network.inFlight() > 0 ? 1 : 0;
      Process victim = workers.remove(random.nextInt(workers.size()));
      victim.destroyForcibly();
      dead.add(victim);
      start();
      if (kills >= 50 && (kill + 1) % 10 == 0) {
        System.out.println("killed " + (kill + 1) + " of " + kills);
      }
    }
    for (Process each : dead) {
      assertTrue(each.waitFor(10, TimeUnit.SECONDS));
    }
    assertTrue(busy > 0, "some kill met a stream");
  }

  /** How many kills met streams. */
  int busy() {
    return busy;
  }
}
