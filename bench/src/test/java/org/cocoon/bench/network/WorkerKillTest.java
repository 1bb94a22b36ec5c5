package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
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
  private static final int MOST_BETWEEN_MILLIS = 800;

  private final AtomicBoolean enough = new AtomicBoolean();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicLong tokens = new AtomicLong();

  @Test
  void everyStreamIsExactAndChargedOnceWhenWorkersAreKilledUnderIt(@TempDir Path folder)
      throws Exception {
    try (TestNetwork network = new TestNetwork(folder);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      WorkerKiller killer =
          new WorkerKiller(network, new Random(SEED), "--slots", "16", "--fake-rate", "120");
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        int client = i;
        clients.add(threads.submit(() -> askUntilEnough(network, client)));
      }
      try {
        killer.kill(KILLS, MOST_BETWEEN_MILLIS);
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
          KILLS, killer.busy(), answers.get(), tokens.get());
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
}
