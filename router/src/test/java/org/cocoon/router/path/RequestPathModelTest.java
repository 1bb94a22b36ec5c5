package org.cocoon.router.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.TestWorkers;
import org.cocoon.router.ledger.Ledger.Account;
import org.junit.jupiter.api.Test;

/**
 * Random histories of the request path: clients that come, stop reading and leave, workers that
 * attach, answer, fail, lie and vanish, a ledger that answers late or not, and time. After each
 * history everything calms down, and then every request must have ended once, with what it paid for
 * and nothing else, and nothing may be left anywhere.
 */
class RequestPathModelTest {
  private static final int HISTORIES = 4_000;
  private static final int STEPS = 150;

  /** What the histories must have in them, and how often at least. */
  private static final Map<String, Integer> LEAST_SEEN =
      Map.ofEntries(
          Map.entry("plain finished", 3_500),
          Map.entry("vectors finished", 400),
          Map.entry("vectors finished elsewhere", 20),
          Map.entry("plain finished elsewhere", 400),
          Map.entry("choices finished", 1_500),
          Map.entry("choices finished elsewhere", 150),
          Map.entry("plain refused", 800),
          Map.entry("sealed finished", 1_500),
          Map.entry("sealed finished elsewhere", 100),
          Map.entry("sealed refused", 400),
          Map.entry("sealed refused SEALED_KEY_UNKNOWN", 20));

  /** So little that long sealed answers are sometimes not kept. */
  private static final int CHUNK_MEMORY = 16 << 10;

  private static final RouterMetrics METRICS = new RouterMetrics(new SimpleMeterRegistry());
  private static final RequestPath.Limits LIMITS =
      new RequestPath.Limits(
          4,
          4,
          16,
          TimeUnit.SECONDS.toNanos(60),
          TimeUnit.SECONDS.toNanos(30),
          TimeUnit.SECONDS.toNanos(2),
          TimeUnit.SECONDS.toNanos(15),
          CHUNK_MEMORY);

  @Test
  void everyRequestEndsOnceAndIsChargedForWhatItGot() {
    long first = Long.getLong("cocoon.seed", 1);
    long last = Long.getLong("cocoon.seed", HISTORIES);
    Map<String, Integer> seen = new TreeMap<>();
    for (long seed = first; seed <= last; seed++) {
      History history = new History(new Random(seed));
      try {
        history.run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("run again with -Dcocoon.seed=" + seed, e);
      }
      history.clients.forEach(client -> client.count(seen));
    }
    if (first == 1) { // a model in which nothing happens proves nothing
      LEAST_SEEN.forEach(
          (what, least) ->
              assertTrue(seen.getOrDefault(what, 0) > least, () -> what + " in " + seen));
    }
  }

  private static final class History {
    final List<ModelClient> clients = new ArrayList<>();
    private final Random random;
    private final ArrayDeque<Runnable> nextTurn = new ArrayDeque<>();
    private final Map<String, Script> scripts = new HashMap<>();
    private final List<ModelWorker> workers = new ArrayList<>();
    private final Fleet fleet = new Fleet();
    private final Admission admission =
        new Admission(PriceBook.of(Price.perMillion(10_000_000)), 6);
    private final MemoryLedger ledger;
    private final RequestPath path;
    private final List<Account> accounts = List.of(new Account(1, "one"), new Account(2, "two"));
    private long now = -5_000_000_000L;
    private int attached;

    History(Random random) {
      this.random = random;
      ledger = new MemoryLedger(random);
      path = new RequestPath(nextTurn::add, ledger, admission, fleet, LIMITS, METRICS, () -> now);
    }

    void run() {
      attach(1 + random.nextInt(3), 1000, random.nextBoolean());
      for (int i = 0; i < STEPS; i++) {
        act();
        if (random.nextInt(3) > 0) {
          turn();
        }
        check();
      }
      calmDown();
      checkEnd();
    }

    private void act() {
      switch (random.nextInt(26)) {
        case 0, 1, 2, 3 -> submit();
        case 4, 5, 6, 7, 8, 9, 10 -> step();
        case 11, 12, 13 -> ledger.answerOne();
        case 14 ->
            attach(1 + random.nextInt(3), 500 * (1 + random.nextInt(4)), random.nextInt(3) > 0);
        case 15 -> anyWorker(this::lose);
        case 16 -> anyWorker(worker -> TestWorkers.say(worker.worker(), worker.fail()));
        case 17 -> anyWorker(worker -> TestWorkers.say(worker.worker(), worker.lie()));
        case 18 -> anyClient(this::leave);
        case 19, 20 -> anyClient(client -> client.writable = false);
        case 21, 22 -> anyClient(this::read);
        default -> {
          boolean isLong = random.nextInt(10) == 0;
          now += TimeUnit.MILLISECONDS.toNanos(random.nextInt(isLong ? 70_000 : 500));
          path.tick();
        }
      }
    }

    private void submit() {
      Script script = new Script(random, accounts.get(random.nextInt(accounts.size())));
      scripts.put(script.request.id().toString(), script);
      ModelClient client = new ModelClient(script);
      clients.add(client);
      client.exchange = path.submit(script.request, client);
    }

    private void step() {
      anyWorker(
          worker ->
              TestWorkers.say(
                  worker.worker(),
                  worker.step(1 + random.nextInt(random.nextInt(4) == 0 ? 700 : 9))));
    }

    private void attach(int slots, int coefficient, boolean opensSealed) {
      ModelWorker worker = new ModelWorker(random, opensSealed, scripts);
      worker.attached(
          TestWorkers.attach(
              fleet,
              "w" + attached++,
              slots,
              ModelWorker.CONTEXT,
              coefficient,
              opensSealed ? List.of("sealed", "embeddings") : List.of(),
              () -> now,
              worker::take,
              nextTurn::add));
      workers.add(worker);
    }

    private void lose(ModelWorker worker) {
      TestWorkers.lose(fleet, worker.worker());
      workers.remove(worker);
    }

    private void leave(ModelClient client) {
      Exchange exchange = client.exchange;
      if (!client.over() && exchange != null) {
        client.left = true;
        exchange.cancel();
      }
    }

    private void read(ModelClient client) {
      client.writable = true;
      Exchange exchange = client.exchange;
      if (exchange != null) {
        exchange.resume();
      }
    }

    private void anyWorker(java.util.function.Consumer<ModelWorker> what) {
      if (!workers.isEmpty()) {
        what.accept(workers.get(random.nextInt(workers.size())));
      }
    }

    private void anyClient(java.util.function.Consumer<ModelClient> what) {
      if (!clients.isEmpty()) {
        what.accept(clients.get(clients.size() - 1 - random.nextInt(Math.min(8, clients.size()))));
      }
    }

    /** Runs what was put off to the next turn, as a loop does. */
    private void turn() {
      for (int i = nextTurn.size(); i > 0; i--) {
        nextTurn.remove().run();
      }
    }

    private void check() {
      assertEquals(
          path.openRequests(), accounts.stream().mapToInt(admission::inFlight).sum(), "in flight");
      assertTrue(path.waiting() <= 4 * path.openRequests(), "more choices wait than are open");
      assertTrue(path.chunkMemoryBytes() <= CHUNK_MEMORY, "more chunks kept than may be");
    }

    /** Everybody is honest, reads and answers; a worker with room for all is there. */
    private void calmDown() {
      ledger.calm = true;
      clients.forEach(client -> client.writable = true);
      clients.forEach(this::read);
      attach(10_000, 1, true);
      for (int round = 0; round < 100 && path.openRequests() > 0; round++) {
        turn();
        ledger.answerOne();
        for (ModelWorker worker : List.copyOf(workers)) {
          TestWorkers.say(worker.worker(), worker.step(256));
        }
        now += TimeUnit.MILLISECONDS.toNanos(50);
        path.tick();
      }
      for (int round = 0; round < 3 || !ledger.idle(); round++) {
        ledger.answerOne();
        turn();
      }
      for (ModelWorker worker : workers) {
        TestWorkers.say(worker.worker(), worker.step(1));
      }
    }

    private void checkEnd() {
      assertEquals(0, path.openRequests(), "open requests");
      assertEquals(0, path.waiting(), "in the waiting room");
      check();
      assertTrue(ledger.open.isEmpty(), "holds are left");
      assertEquals(0, path.chunkMemoryBytes(), "chunks of answers that are over");
      for (ModelWorker worker : workers) {
        assertEquals(0, worker.worker().inFlight(), "in flight at a worker");
        assertEquals(
            0,
            worker.worker().served().iterator().next().pendingPromptTokens(),
            "pending prompt tokens");
        assertEquals(0, worker.running(), "the worker was not told to stop");
      }
      clients.forEach(client -> client.check(ledger));
    }
  }
}
