package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.junit.jupiter.api.Test;

/**
 * Random histories against a source whose answers come late, in any order, and now and then not at
 * all although it has done what was asked.
 */
class CreditBookTest {
  private static final Account ALICE = new Account(1, "alice");
  private static final long DEPOSIT = 5_000;

  private final Source source = new Source();
  private long nanos;
  private long room = Long.MAX_VALUE;
  private final CreditBook book =
      new CreditBook(
          source,
          Promise::promise,
          () -> nanos,
          new NanoTon(300),
          50,
          () -> room,
          Duration.ofSeconds(6));

  @Test
  void neverHoldsMoreThanIsLeased() {
    for (int history = 0; history < 300; history++) {
      long seed = System.nanoTime();
      new CreditBookTest().play(new Random(seed), "seed " + seed);
    }
  }

  @Test
  void boundsHoldsThatWaitAndThatAreOpen() {
    List<Future<HoldOutcome>> holds = new ArrayList<>();
    for (int i = 0; i < 51; i++) {
      holds.add(book.hold(ALICE, UUID.randomUUID(), new NanoTon(1)));
    }
    assertEquals(new HoldOutcome.Unavailable(), holds.getLast().result());
    assertEquals(1, source.answers.size(), "one call for all who wait");
    source.answers.removeFirst().run();
    assertEquals(50, holds.stream().filter(CreditBookTest::isHeld).count());
    assertTrue(
        book.hold(ALICE, UUID.randomUUID(), new NanoTon(1)).result()
            instanceof HoldOutcome.Unavailable);
  }

  @Test
  void sameRequestIsNotHeldTwice() {
    UUID request = UUID.randomUUID();
    Future<HoldOutcome> first = book.hold(ALICE, request, new NanoTon(1));
    assertTrue(book.hold(ALICE, request, new NanoTon(1)).failed(), "while the first waits");
    source.answers.removeFirst().run();
    assertInstanceOf(HoldOutcome.Held.class, first.result());
    assertTrue(book.hold(ALICE, request, new NanoTon(1)).failed(), "while the first is open");
  }

  /** An account that spends a lot has a lease that it can spend for a minute without asking. */
  @Test
  void leasesAheadWhatAnActiveAccountSpends() {
    source.deposit = 1_000_000;
    for (int second = 0; second < 60; second++) {
      nanos += Duration.ofSeconds(1).toNanos();
      Hold hold = heldAfterAnswers(500);
      assertTrue(book.beginCharge(hold, new NanoTon(500)));
      book.durable(1);
      source.charge(500, "at second " + second);
      book.applied(ALICE.id(), 1, 500, source.leased, source.version);
      source.answerAll();
    }
    assertTrue(source.leased >= 60 * 500, "leased for a minute: " + source.leased);
    // Now nobody answers, and what a minute costs is there.
    for (int second = 0; second < 60; second++) {
      Future<HoldOutcome> hold = book.hold(ALICE, UUID.randomUUID(), new NanoTon(500));
      assertTrue(isHeld(hold), "without the database at second " + second);
    }
  }

  @Test
  void holdsNothingThatTheSpoolHasNoRoomFor() {
    room = 2;
    assertInstanceOf(Hold.class, heldAfterAnswers(1));
    Hold second = heldAfterAnswers(1);
    assertEquals(
        new HoldOutcome.Unavailable(),
        book.hold(ALICE, UUID.randomUUID(), new NanoTon(1)).result());
    book.release(second);
    heldAfterAnswers(1);
  }

  @Test
  void largestAmountsDoNotOverflow() {
    NanoTon most = new NanoTon(Long.MAX_VALUE);
    List<Future<HoldOutcome>> holds = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      holds.add(book.hold(ALICE, UUID.randomUUID(), most));
    }
    source.answerAll();
    for (Future<HoldOutcome> hold : holds) {
      assertEquals(
          new HoldOutcome.Insufficient(new NanoTon(Long.MAX_VALUE - DEPOSIT)), hold.result());
    }
    source.deposit = Long.MAX_VALUE;
    Hold all = heldAfterAnswers(Long.MAX_VALUE);
    Future<HoldOutcome> more = book.hold(ALICE, UUID.randomUUID(), most);
    source.answerAll();
    assertEquals(new HoldOutcome.Insufficient(most), more.result());
    assertTrue(book.beginCharge(all, most));
    book.durable(1);
    source.charge(Long.MAX_VALUE, "all there is");
    book.applied(ALICE.id(), 1, Long.MAX_VALUE, source.leased, source.version);
    assertEquals(0, source.leased);
  }

  private Hold heldAfterAnswers(long nanoton) {
    Future<HoldOutcome> hold = book.hold(ALICE, UUID.randomUUID(), new NanoTon(nanoton));
    source.answerAll();
    return assertInstanceOf(HoldOutcome.Held.class, hold.result()).hold();
  }

  private static boolean isHeld(Future<HoldOutcome> hold) {
    return hold.succeeded() && hold.result() instanceof HoldOutcome.Held;
  }

  private void play(Random random, String what) {
    List<Future<HoldOutcome>> asked = new ArrayList<>();
    List<Hold> open = new ArrayList<>();
    List<Hold> charging = new ArrayList<>();
    for (int step = 0; step < 400; step++) {
      nanos += Duration.ofSeconds(random.nextInt(5)).toNanos();
      switch (random.nextInt(7)) {
        case 0, 1 ->
            asked.add(
                book.hold(ALICE, new UUID(0, random.nextLong()), new NanoTon(random.nextInt(500))));
        case 2 -> {
          if (!open.isEmpty()) {
            book.release(open.remove(random.nextInt(open.size())));
          }
        }
        case 3 -> {
          if (!open.isEmpty()) {
            Hold hold = open.remove(random.nextInt(open.size()));
            assertTrue(book.beginCharge(hold, half(hold)), what);
            book.durable(1);
            charging.add(hold);
          }
        }
        case 4 -> {
          if (!charging.isEmpty()) {
            Hold hold = charging.remove(random.nextInt(charging.size()));
            source.charge(half(hold).nanos(), what);
            long lease = source.leased;
            long version = source.version;
            source.answers.add(
                () -> book.applied(ALICE.id(), 1, half(hold).nanos(), lease, version));
          }
        }
        case 5 -> {
          source.failNext = random.nextInt(4) == 0;
          book.giveBackIdle();
        }
        default -> {
          Collections.shuffle(source.answers, random);
          if (!source.answers.isEmpty()) {
            source.answers.removeFirst().run();
          }
        }
      }
      asked.removeIf(
          hold -> {
            if (hold.isComplete() && hold.result() instanceof HoldOutcome.Held held) {
              open.add(held.hold());
            }
            return hold.isComplete();
          });
      assertTrue(
          sum(open) + charging.stream().mapToLong(h -> half(h).nanos()).sum() <= source.leased,
          "held more than is leased after step " + step + ", " + what);
    }
    finish(asked, open, charging, what);
  }

  /** In the end everything can be had again: nothing has leaked. */
  private void finish(
      List<Future<HoldOutcome>> asked, List<Hold> open, List<Hold> charging, String what) {
    source.failNext = false;
    source.answerAll();
    for (Future<HoldOutcome> hold : asked) {
      assertTrue(hold.isComplete(), "nobody waits for ever, " + what);
      if (hold.result() instanceof HoldOutcome.Held held) {
        open.add(held.hold());
      }
    }
    open.forEach(book::release);
    for (Hold hold : charging) {
      book.refused(ALICE.id(), half(hold));
    }
    Future<HoldOutcome> all = book.hold(ALICE, new UUID(1, 1), new NanoTon(DEPOSIT - source.spent));
    source.answerAll();
    Hold last = assertInstanceOf(HoldOutcome.Held.class, all.result(), what).hold();
    book.release(last);
    nanos += Duration.ofSeconds(60).toNanos();
    book.giveBackIdle();
    source.answerAll();
    assertEquals(0, book.accounts(), what);
    assertEquals(0, source.leased, what);
  }

  private static NanoTon half(Hold hold) {
    return new NanoTon(hold.amount().nanos() / 2);
  }

  private static long sum(List<Hold> holds) {
    return holds.stream().mapToLong(hold -> hold.amount().nanos()).sum();
  }

  /** The books of the database, by the same rules as its functions. */
  private static final class Source implements CreditSource {
    private final List<Runnable> answers = new ArrayList<>();
    private long deposit = DEPOSIT;
    private long leased;
    private long spent;
    private long version;
    private boolean failNext;

    @Override
    public Future<Lease> lease(long accountId, NanoTon wanted) {
      long spare = deposit - spent - leased;
      long granted = Math.min(wanted.nanos(), spare);
      leased += granted;
      version++;
      return answer(new Lease(leased, version, spare - granted));
    }

    @Override
    public Future<Lease> leaseAhead(long accountId, NanoTon wanted) {
      return lease(
          accountId, new NanoTon(Math.min(wanted.nanos(), (deposit - spent - leased) / 2)));
    }

    @Override
    public Future<Void> giveBack(long accountId) {
      leased = 0;
      return answer(new Lease(0, version, 0)).mapEmpty();
    }

    void charge(long cost, String what) {
      assertTrue(cost <= leased, "charged more than is leased, " + what);
      leased -= cost;
      spent += cost;
      version++;
    }

    void answerAll() {
      while (!answers.isEmpty()) {
        answers.removeFirst().run();
      }
    }

    private Future<Lease> answer(Lease answer) {
      Promise<Lease> promise = Promise.promise();
      boolean fails = failNext;
      failNext = false;
      answers.add(
          () -> {
            if (fails) {
              promise.fail("the connection broke");
            } else {
              promise.complete(answer);
            }
          });
      return promise.future();
    }
  }
}
