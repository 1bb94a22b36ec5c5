package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.junit.jupiter.api.Test;

/** What sequences keep beyond the requests that computed it. */
class PrefixCacheTest {
  private static final String SYSTEM = "s".repeat(100);

  private static Desk desk(int sequences, int slots, int cacheTokens) {
    return new Desk(
        new HashBackend(sequences, 256, 128, new TestVocabulary(null), cacheTokens),
        Desk.UNTIMED.withSlots(slots));
  }

  private static int cached(Desk desk, long run, String scope, String prompt) {
    desk.scheduler.arrive(Desk.inScope(scope, Desk.request(run, prompt, 2)));
    desk.finish();
    return desk.answer(run).finished().cachedPromptTokens();
  }

  @Test
  void systemPromptOutlivesItsRequests() {
    Desk desk = desk(4, 1, 4 * 256);
    assertEquals(0, cached(desk, 1, "a", SYSTEM + "first"));
    for (int run = 2; run <= 4; run++) {
      assertEquals(0, cached(desk, run, "b" + run, "another " + run));
    }
    assertEquals(100, cached(desk, 5, "a", SYSTEM + "second"));
    assertEquals(Desk.alone(Desk.request(5, SYSTEM + "second", 2)).ids, desk.answer(5).ids);
  }

  @Test
  void leastRecentlyUsedPrefixGoesFirst() {
    Desk desk = desk(3, 1, 3 * 256);
    cached(desk, 1, "a", SYSTEM + "one");
    cached(desk, 2, "b", SYSTEM + "two");
    cached(desk, 3, "c", SYSTEM + "three");
    assertEquals(100, cached(desk, 4, "a", SYSTEM + "uses the first"));
    assertEquals(0, cached(desk, 5, "d", SYSTEM + "takes the place of the second"));
    assertEquals(0, cached(desk, 6, "b", SYSTEM + "which is gone"));
  }

  @Test
  void nothingIsSharedBetweenScopesWhateverTheyAsk() {
    Desk desk = desk(8, 2, 8 * 256);
    Random random = new Random(3);
    Set<String> asked = new HashSet<>();
    for (int run = 0; run < 200; run++) {
      String scope = "scope " + random.nextInt(4);
      char first = (char) ('a' + random.nextInt(3));
      int cached = cached(desk, run, scope, first + SYSTEM + run);
      if (asked.add(scope + first)) {
        assertEquals(0, cached, "nobody of this scope had asked that");
      }
    }
  }

  @Test
  void sharedPrefixTakesItsCellsOnce() {
    Desk desk = desk(8, 4, 8 * 256);
    cached(desk, 1, "a", SYSTEM);
    int before = desk.scheduler.cachedTokens();
    for (int run = 2; run <= 5; run++) {
      desk.scheduler.arrive(Desk.inScope("a", Desk.request(run, SYSTEM + "number " + run, 2)));
    }
    desk.finish();
    int each = desk.scheduler.cachedTokens() - before;
    assertTrue(each < 4 * 20, each + " cells more for four times ten tokens");
    assertEquals(desk.backend.usedCells(), desk.scheduler.cachedTokens());
  }

  @Test
  void keptPrefixesGiveWayWhereThePoolIsSmall() {
    Desk desk = desk(8, 1, 256 + 150);
    for (int run = 0; run < 20; run++) {
      cached(desk, run, "scope " + run, run + SYSTEM);
      assertTrue(desk.backend.usedCells() <= 256 + 150);
    }
    assertTrue(desk.backend.usedCells() > 256, "as much is kept as there is room for");
    Desk.Answer full = desk.answer(99);
    desk.scheduler.arrive(Desk.request(99, "z".repeat(250), 50));
    desk.finish();
    assertEquals(FinishReason.LENGTH, full.finished().reason());
  }

  @Test
  void poolTooSmallForTheSlotsIsRefusedWithBothSizes() {
    Throwable thrown = assertThrows(IllegalArgumentException.class, () -> desk(4, 2, 2 * 256 - 1));
    String message = String.valueOf(thrown.getMessage());
    assertTrue(message.contains("511") && message.contains("512"), message);
  }

  @Test
  void burstWithOneSystemPromptComputesItOnce() {
    Desk desk = desk(4, 4, 4 * 256);
    for (int run = 1; run <= 4; run++) {
      desk.scheduler.arrive(Desk.inScope("a", Desk.request(run, SYSTEM + "and " + run, 1)));
    }
    desk.finish();
    int computed = desk.backend.steps.stream().mapToInt(HashBackend.Step::total).sum();
    assertTrue(computed < 100 + 4 * 10, computed + " tokens computed");
  }

  @Test
  void burstOfSeveralScopesComputesItOnceForEach() {
    Desk desk = desk(4, 4, 4 * 256);
    for (int run = 1; run <= 4; run++) {
      desk.scheduler.arrive(Desk.inScope("a" + run % 2, Desk.request(run, SYSTEM + run, 1)));
    }
    desk.finish();
    int computed = desk.backend.steps.stream().mapToInt(HashBackend.Step::total).sum();
    assertTrue(computed < 2 * 101 + 2 * 10, computed + " tokens computed");
  }

  @Test
  void ledgerAgreesWithWhoHoldsWhat() {
    Random random = new Random(11);
    CellLedger ledger = new CellLedger(5);
    List<List<Object>> held = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      held.add(new ArrayList<>());
    }
    for (int i = 0; i < 2_000; i++) {
      int at = random.nextInt(5);
      List<Object> cells = held.get(at);
      switch (random.nextInt(3)) {
        case 0 -> {
          int count = random.nextInt(40);
          ledger.append(at, count);
          for (int k = 0; k < count; k++) {
            cells.add(new Object());
          }
        }
        case 1 -> {
          int length = random.nextInt(cells.size() + 1);
          ledger.truncate(at, length);
          cells.subList(length, cells.size()).clear();
        }
        default -> {
          int from = (at + 1 + random.nextInt(4)) % 5;
          int count = random.nextInt(held.get(from).size() + 1);
          ledger.truncate(at, 0);
          ledger.copyPrefix(from, at, count);
          cells.clear();
          cells.addAll(held.get(from).subList(0, count));
        }
      }
      Set<Object> distinct = new HashSet<>();
      held.forEach(distinct::addAll);
      assertEquals(distinct.size(), ledger.used());
    }
  }
}
