package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What this router may still spend of each account: holds in memory against leased credit.
 *
 * <p>For each account {@code free = lease - held}. {@code lease} mirrors the database's row and is
 * never more than that row, except by charges whose commit was not answered yet, and these are
 * still in {@code held}, from when they begin until the database has applied them: so {@code free}
 * is never too large. What changes it:
 *
 * <pre>
 *   event                     held             lease
 *   hold                      + amount
 *   release                   - amount
 *   charge begins             - amount + cost
 *   charge is durable
 *   charge is applied         - cost           as the database says
 *   charge was refused        - cost
 *   more was leased                            as the database says
 *   idle lease given back                      0
 * </pre>
 *
 * <p>Answers may overtake each other; each carries the version of the row, and an older one is
 * ignored. One call to the database runs for an account at a time; holds that need it wait in
 * order. Owned by the router's event loop.
 *
 * <p>Credit is renewed ahead of need: when less than half of an account's target is free, more is
 * leased in the background. The target is what it spends in two minutes, so that an account which
 * is active can go on for about one minute without the database.
 */
final class CreditBook {
  private static final long SPENDING_WINDOW_NANOS = Duration.ofMinutes(1).toNanos();
  private static final long AHEAD_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

  private final CreditSource source;
  private final Supplier<Promise<HoldOutcome>> promises;
  private final LongSupplier nanoClock;
  private final long chunk;
  private final int maxOpen;
  private final LongSupplier spoolRoom;
  private final long idleNanos;
  private final Map<Long, Credit> credits = new HashMap<>();
  private final Map<UUID, Hold> open = new HashMap<>();
  private final Set<UUID> waiting = new HashSet<>();
  private int charging;

  CreditBook(
      CreditSource source,
      Supplier<Promise<HoldOutcome>> promises,
      LongSupplier nanoClock,
      NanoTon chunk,
      int maxOpen,
      LongSupplier spoolRoom,
      Duration idle) {
    this.source = source;
    this.promises = promises;
    this.nanoClock = nanoClock;
    this.chunk = chunk.nanos();
    this.maxOpen = maxOpen;
    this.spoolRoom = spoolRoom;
    this.idleNanos = idle.toNanos();
  }

  Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount) {
    if (open.containsKey(requestId) || waiting.contains(requestId)) {
      return Future.failedFuture(new IllegalStateException("held already: " + requestId));
    }
    int claims = open.size() + waiting.size() + charging;
    if (claims >= maxOpen || claims >= spoolRoom.getAsLong()) {
      return Future.succeededFuture(new HoldOutcome.Unavailable());
    }
    Credit credit = credits.computeIfAbsent(account.id(), _ -> new Credit());
    credit.usedNanos = nanoClock.getAsLong();
    Hold hold = new Hold(account, requestId, amount);
    if (credit.waiters.isEmpty() && credit.free() >= amount.nanos()) {
      HoldOutcome held = grant(credit, hold);
      renewAhead(account.id(), credit);
      return Future.succeededFuture(held);
    }
    Waiter waiter = new Waiter(hold, promises.get());
    credit.waiters.add(waiter);
    waiting.add(requestId);
    if (!credit.busy) {
      leaseMore(account.id(), credit);
    }
    return waiter.promise.future();
  }

  void release(Hold hold) {
    if (open.remove(hold.requestId(), hold)) {
      Credit credit = credit(hold.account().id());
      credit.held -= hold.amount().nanos();
      credit.uses--;
    }
  }

  /** Turns an open hold into a running charge; false if it is not open. */
  boolean beginCharge(Hold hold, NanoTon cost) {
    if (!open.remove(hold.requestId(), hold)) {
      return false;
    }
    Credit credit = credit(hold.account().id());
    credit.held -= hold.amount().nanos() - cost.nanos();
    credit.spend(cost.nanos(), nanoClock.getAsLong());
    charging++;
    return true;
  }

  /** Charges are in the spool: they take none of the room that is asked for before a hold. */
  void durable(int charges) {
    charging -= charges;
  }

  /** Durable charges of an account are applied, and the database says what is leased now. */
  void applied(long accountId, int charges, long cost, long lease, long version) {
    Credit credit = credit(accountId);
    credit.held -= cost;
    credit.uses -= charges;
    credit.mirror(lease, version);
    renewAhead(accountId, credit);
  }

  /** The charge is not made after all. */
  void refused(long accountId, NanoTon cost) {
    Credit credit = credit(accountId);
    credit.held -= cost.nanos();
    credit.uses--;
    charging--;
  }

  /** Gives back the leases of accounts that were not used for long, and forgets these. */
  void giveBackIdle() {
    long now = nanoClock.getAsLong();
    List<Map.Entry<Long, Credit>> idle = new ArrayList<>();
    for (Map.Entry<Long, Credit> each : credits.entrySet()) {
      Credit credit = each.getValue();
      if (credit.isUnused() && now - credit.usedNanos >= idleNanos) {
        idle.add(Map.entry(each.getKey(), credit));
      }
    }
    for (Map.Entry<Long, Credit> each : idle) {
      giveBack(each.getKey(), each.getValue());
    }
  }

  int openHolds() {
    return open.size();
  }

  int accounts() {
    return credits.size();
  }

  private void giveBack(long accountId, Credit credit) {
    credit.busy = true;
    credit.lease = 0; // whether or not the answer arrives
    source
        .giveBack(accountId)
        .onComplete(
            done -> {
              credit.busy = false;
              if (!credit.waiters.isEmpty()) {
                leaseMore(accountId, credit);
              } else if (done.succeeded() && credit.isUnused()) {
                credits.remove(accountId);
              }
            });
  }

  /** Leases more in the background where little is left; nobody waits for it. */
  private void renewAhead(long accountId, Credit credit) {
    long now = nanoClock.getAsLong();
    long target = Math.max(chunk, tripled(credit.spentInAMinute(now)));
    if (credit.busy
        || !credit.waiters.isEmpty()
        || credit.free() >= target / 2
        || now - credit.aheadNanos < AHEAD_PAUSE_NANOS) {
      return;
    }
    credit.busy = true;
    credit.aheadNanos = now;
    source
        .leaseAhead(accountId, new NanoTon(target - credit.free()))
        .onComplete(
            done -> {
              credit.busy = false;
              if (done.succeeded()) {
                credit.mirror(done.result().nanos(), done.result().version());
              }
              if (!credit.waiters.isEmpty()) {
                leaseMore(accountId, credit);
              }
            });
  }

  private void leaseMore(long accountId, Credit credit) {
    long needed = -credit.free();
    for (Waiter waiter : credit.waiters) {
      needed = saturatedSum(needed, waiter.hold.amount().nanos());
    }
    credit.busy = true;
    source
        .lease(accountId, new NanoTon(Math.max(needed, chunk)))
        .onComplete(
            done -> {
              credit.busy = false;
              if (done.succeeded()) {
                credit.mirror(done.result().nanos(), done.result().version());
              }
              answerWaiters(accountId, credit, done.succeeded() ? done.result() : null);
            });
  }

  /** Answers whom it can; whoever came meanwhile and needs still more waits for the next lease. */
  private void answerWaiters(long accountId, Credit credit, CreditSource.@Nullable Lease lease) {
    ArrayDeque<Runnable> answers = new ArrayDeque<>();
    while (!credit.waiters.isEmpty()) {
      Waiter waiter = credit.waiters.element();
      long missing = waiter.hold.amount().nanos() - credit.free();
      if (missing > 0 && lease != null && lease.leftOver() >= missing) {
        break;
      }
      credit.waiters.remove();
      waiting.remove(waiter.hold.requestId());
      HoldOutcome outcome;
      if (missing <= 0) {
        outcome = grant(credit, waiter.hold);
      } else if (lease != null) {
        outcome = new HoldOutcome.Insufficient(new NanoTon(missing - lease.leftOver()));
      } else {
        outcome = new HoldOutcome.Unavailable();
      }
      answers.add(() -> waiter.promise.complete(outcome));
    }
    if (!credit.waiters.isEmpty()) {
      leaseMore(accountId, credit);
    }
    answers.forEach(Runnable::run); // last, because these may call in again
  }

  private HoldOutcome grant(Credit credit, Hold hold) {
    open.put(hold.requestId(), hold);
    credit.held += hold.amount().nanos();
    credit.uses++;
    return new HoldOutcome.Held(hold);
  }

  private Credit credit(long accountId) {
    Credit credit = credits.get(accountId);
    if (credit == null) {
      throw new IllegalStateException("no credit of account " + accountId);
    }
    return credit;
  }

  private static long tripled(long amount) {
    return saturatedSum(amount, saturatedSum(amount, amount));
  }

  private static long saturatedSum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }

  /** One account's. */
  private static final class Credit {
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private long lease;
    private long version;
    private long held;
    private long usedNanos;
    private long aheadNanos = Long.MIN_VALUE / 2;
    private long windowNanos = Long.MIN_VALUE / 2;
    private long spentNow;
    private long spentBefore;

    /** Open holds and running charges. */
    private int uses;

    /** A call to the database runs. */
    private boolean busy;

    long free() {
      return lease - held;
    }

    void mirror(long newLease, long newVersion) {
      if (newVersion > version) {
        lease = newLease;
        version = newVersion;
      }
    }

    void spend(long cost, long now) {
      roll(now);
      spentNow = saturatedSum(spentNow, cost);
    }

    /** What a minute costs: the one that runs, or the one before. */
    long spentInAMinute(long now) {
      roll(now);
      return Math.max(spentNow, spentBefore);
    }

    private void roll(long now) {
      if (now - windowNanos >= SPENDING_WINDOW_NANOS) {
        spentBefore = now - windowNanos < 2 * SPENDING_WINDOW_NANOS ? spentNow : 0;
        spentNow = 0;
        windowNanos = now;
      }
    }

    boolean isUnused() {
      return !busy && uses == 0 && waiters.isEmpty();
    }
  }

  private record Waiter(Hold hold, Promise<HoldOutcome> promise) {}
}
