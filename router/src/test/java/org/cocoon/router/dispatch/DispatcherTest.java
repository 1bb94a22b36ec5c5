package org.cocoon.router.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import org.junit.jupiter.api.Test;

class DispatcherTest {
  private static final int ANY_PRICE = 1_000_000;
  private final Dispatcher dispatcher = new Dispatcher();

  private static final class Fixed implements Candidate {
    boolean accepting = true;
    int coefficient = 1000;
    int context = 2048;
    int slots = 4;
    int occupied;
    long pendingPrompt;
    double prefill = 400;
    double stream = 50;
    final Decision.Assigned assigned = new Decision.Assigned(this);

    @Override
    public boolean accepting() {
      return accepting;
    }

    @Override
    public int coefficient() {
      return coefficient;
    }

    @Override
    public int contextTokens() {
      return context;
    }

    @Override
    public int slots() {
      return slots;
    }

    @Override
    public int occupied() {
      return occupied;
    }

    @Override
    public long pendingPromptTokens() {
      return pendingPrompt;
    }

    @Override
    public double prefillTokensPerSecond() {
      return prefill;
    }

    @Override
    public double expectedStreamTokensPerSecond() {
      return stream;
    }

    @Override
    public Decision.Assigned assigned() {
      return assigned;
    }
  }

  private Decision decide(int maxCoefficient, boolean mayWait, Fixed... workers) {
    return dispatcher.decide(new Demand(100, 100, 1, maxCoefficient, mayWait), List.of(workers));
  }

  @Test
  void choosesTheFasterOfTwoIdleWorkers() {
    Fixed slow = new Fixed();
    Fixed fast = new Fixed();
    fast.stream = 100;
    assertSame(fast.assigned, decide(ANY_PRICE, true, slow, fast));
  }

  @Test
  void creditsWhatWasDispatchedButNotYetPrefilled() {
    Fixed busy = new Fixed();
    busy.pendingPrompt = 2_000;
    Fixed idle = new Fixed();
    assertSame(idle.assigned, decide(ANY_PRICE, true, busy, idle));
  }

  @Test
  void prefersTheCheaperOfEquals() {
    Fixed dear = new Fixed();
    dear.coefficient = 1500;
    Fixed cheap = new Fixed();
    assertSame(cheap.assigned, decide(ANY_PRICE, true, dear, cheap));
  }

  @Test
  void takesTheDearerWhenItIsMuchFaster() {
    Fixed dear = new Fixed();
    dear.coefficient = 1500;
    dear.stream = 100;
    Fixed cheap = new Fixed();
    assertSame(dear.assigned, decide(ANY_PRICE, true, dear, cheap));
  }

  @Test
  void neverExceedsTheClientsPrice() {
    Fixed dear = new Fixed();
    dear.coefficient = 1500;
    assertEquals(Decision.Refused.TOO_DEAR, decide(1499, true, dear));
    assertSame(dear.assigned, decide(1500, true, dear));
  }

  @Test
  void queuesWhenAllAreFullAndRefusesWhenTheRoomIsToo() {
    Fixed full = new Fixed();
    full.occupied = 4;
    assertEquals(Decision.Queued.QUEUED, decide(ANY_PRICE, true, full));
    assertEquals(Decision.Refused.QUEUE_FULL, decide(ANY_PRICE, false, full));
  }

  @Test
  void spreadsABurstOverEqualWorkersBeforeAnyReportComes() {
    Fixed[] workers = {new Fixed(), new Fixed(), new Fixed(), new Fixed()};
    for (int i = 0; i < 8; i++) {
      Decision.Assigned chosen = (Decision.Assigned) decide(ANY_PRICE, true, workers);
      Fixed worker = (Fixed) chosen.worker();
      worker.occupied++;
      worker.pendingPrompt += 100;
    }
    for (Fixed worker : workers) {
      assertEquals(2, worker.occupied);
    }
  }
}
