package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.cocoon.backend.FakeModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers that are killed while 16 streams run: every stream goes on elsewhere and is charged once.
 *
 * <p>{@code -Dcocoon.workers.kills=N} says how often (default 8), {@code -Dcocoon.workers.seed=N}
 * when, and whom.
 */
@Timeout(value = 90, unit = TimeUnit.MINUTES)
class WorkerKillTest {
  private static final int STREAMS = 16;
  private static final int KILLS = Integer.getInteger("cocoon.workers.kills", 8);
  private static final long SEED = Long.getLong("cocoon.workers.seed", 5);
  private static final long MOST_BETWEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

  private final AtomicBoolean enough = new AtomicBoolean();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicLong tokens = new AtomicLong();

  @Test
  void everyStreamIsExactAndChargedOnceWhenWorkersAreKilledUnderIt(@TempDir Path folder)
      throws Exception {
    try (TestNetwork network = new TestNetwork(folder);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Killer killer = new Killer(network, new Random(SEED));
      killer.begin();
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        int client = i;
        clients.add(threads.submit(() -> askUntilEnough(network, client)));
      }
      try {
        killer.run();
      } finally {
        enough.set(true);
      }
      for (Future<?> client : clients) {
        client.get();
      }
      network.await("every charge is applied", () -> count(network) >= answers.get());
      assertEquals(answers.get(), count(network), "one charge for each answer");
      assertEquals(tokens.get(), network.query("SELECT sum(completion_tokens) FROM usage"));
      System.out.printf(
          "workers killed: %d, of them with streams: %d; answers: %d, all exact; tokens: %d%n",
          KILLS, killer.busy, answers.get(), tokens.get());
      assertTrue(killer.busy > 0, "some kill met a stream");
    }
  }

  private Void askUntilEnough(TestNetwork network, int client) throws Exception {
    Random random = new Random(SEED * 1_000 + client);
    for (int turn = 0; !enough.get(); turn++) {
      String prompt = "client " + client + ", turn " + turn;
      int length = 50 + random.nextInt(350);
      SseAnswer answer = SseAnswer.ask(network, SseAnswer.body(prompt, length), chunks -> {});
      assertNull(answer.error(), () -> prompt + ": " + answer.error());
      assertEquals(SseAnswer.expected(prompt, length), answer.text(), prompt);
      assertTrue(answer.done());
      JsonObject usage = answer.usage();
      assertNotNull(usage);
      assertEquals(length, usage.getInteger("completion_tokens"));
      assertEquals(
          FakeModel.tokenize("user: " + prompt + "\nassistant:").length,
          usage.getInteger("prompt_tokens"));
      answers.incrementAndGet();
      tokens.addAndGet(length);
    }
    return null;
  }

  private static long count(TestNetwork network) {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Keeps three workers alive and kills one of them at random moments. */
  private static final class Killer {
    private static final int WORKERS = 3;
    private final TestNetwork network;
    private final Random random;
    private final List<Process> workers = new ArrayList<>();
    private final ArrayDeque<Process> dead = new ArrayDeque<>();
    private int started;
    private int busy;

    Killer(TestNetwork network, Random random) {
      this.network = network;
      this.random = random;
    }

    void begin() throws Exception {
      while (workers.size() < WORKERS) {
        start();
      }
    }

    private void start() throws Exception {
      workers.add(network.worker("w" + started++, "--slots", "16", "--fake-rate", "120"));
    }

    void run() throws Exception {
      for (int kill = 0; kill < KILLS; kill++) {
        long until = System.nanoTime() + random.nextLong(MOST_BETWEEN_NANOS);
        for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
          LockSupport.parkNanos(left); // a random moment is what is wanted here
        }
        busy += network.inFlight() > 0 ? 1 : 0;
        Process victim = workers.remove(random.nextInt(workers.size()));
        victim.destroyForcibly();
        dead.add(victim);
        start();
        if (KILLS >= 50 && (kill + 1) % 10 == 0) {
          System.out.println("killed " + (kill + 1) + " of " + KILLS);
        }
      }
      for (Process each : dead) {
        assertTrue(each.waitFor(10, TimeUnit.SECONDS));
      }
    }
  }
}
