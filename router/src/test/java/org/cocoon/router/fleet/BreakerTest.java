package org.cocoon.router.fleet;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BreakerTest {
  private long now = TimeUnit.SECONDS.toNanos(100);

  private void seconds(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  @Test
  void opensAfterThreeFailuresInARowAndReallyClosesAgain() {
    Breaker breaker = new Breaker();
    for (int i = 0; i < Breaker.FAILURES_TO_OPEN; i++) {
      assertTrue(breaker.allows(now));
      breaker.dispatched();
      breaker.failed(now);
    }
    assertFalse(breaker.allows(now));
    seconds(2);
    assertTrue(breaker.allows(now), "half-open lets one try");
    breaker.dispatched();
    assertFalse(breaker.allows(now), "and only one");
    breaker.succeeded();
    assertTrue(breaker.allows(now));
    assertFalse(breaker.open());
  }

  @Test
  void doublesItsPauseWhenTheTryFails() {
    Breaker breaker = new Breaker();
    for (int i = 0; i < Breaker.FAILURES_TO_OPEN; i++) {
      breaker.failed(now);
    }
    seconds(2);
    breaker.dispatched();
    breaker.failed(now);
    seconds(3);
    assertFalse(breaker.allows(now));
    seconds(1);
    assertTrue(breaker.allows(now));
  }

  @Test
  void aSuccessBetweenFailuresStartsTheCountAnew() {
    Breaker breaker = new Breaker();
    breaker.failed(now);
    breaker.failed(now);
    breaker.succeeded();
    breaker.failed(now);
    breaker.failed(now);
    assertTrue(breaker.allows(now));
  }

  @Test
  void aCancelledTryLetsTheNextOneTry() {
    Breaker breaker = new Breaker();
    for (int i = 0; i < Breaker.FAILURES_TO_OPEN; i++) {
      breaker.failed(now);
    }
    seconds(2);
    breaker.dispatched();
    breaker.neutral();
    assertTrue(breaker.allows(now));
  }
}
