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
 * still in {@code held}: so {@code free} is never too large. What changes it:
 *
 * <pre>
 *   event                     held             lease
 *   hold                      + amount
 *   release                   - amount
 *   charge begins             - amount + cost
 *   charge is durable         - cost           as the database says
 *   charge was refused        - cost
 *   more was leased                            as the database says
 *   idle lease given back                      0
 * </pre>
 *
 * <p>Answers may overtake each other; each carries the version of the row, and an older one is
 * ignored. One call to the database runs for an account at a time; holds that need it wait in
 * order. Owned by the router's event loop.
 */
final class CreditBook {
  private final CreditSource source;
  private final Supplier<Promise<HoldOutcome>> promises;
  private final LongSupplier nanoClock;
  private final long chunk;
  private final int maxOpen;
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
      Duration idle) {
    this.source = source;
    this.promises = promises;
    this.nanoClock = nanoClock;
    this.chunk = chunk.nanos();
    this.maxOpen = maxOpen;
    this.idleNanos = idle.toNanos();
  }

  Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount) {
    if (open.containsKey(requestId) || waiting.contains(requestId)) {
      return Future.failedFuture(new IllegalStateException("held already: " + requestId));
    }
    if (open.size() + waiting.size() + charging >= maxOpen) {
      return Future.succeededFuture(new HoldOutcome.Unavailable());
    }
    Credit credit = credits.computeIfAbsent(account.id(), _ -> new Credit());
    credit.usedNanos = nanoClock.getAsLong();
    Hold hold = new Hold(account, requestId, amount);
    if (credit.waiters.isEmpty() && credit.free() >= amount.nanos()) {
      return Future.succeededFuture(grant(credit, hold));
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
    charging++;
    return true;
  }

  /** The charge is durable, and the database says what is leased now. */
  void charged(long accountId, NanoTon cost, long lease, long version) {
    Credit credit = endCharge(accountId, cost);
    credit.mirror(lease, version);
  }

  /** The database refused the charge. */
  void refused(long accountId, NanoTon cost) {
    endCharge(accountId, cost);
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

  private Credit endCharge(long accountId, NanoTon cost) {
    Credit credit = credit(accountId);
    credit.held -= cost.nanos();
    credit.uses--;
    charging--;
    return credit;
  }

  private Credit credit(long accountId) {
    Credit credit = credits.get(accountId);
    if (credit == null) {
      throw new IllegalStateException("no credit of account " + accountId);
    }
    return credit;
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

    boolean isUnused() {
      return !busy && uses == 0 && waiters.isEmpty();
    }
  }

  private record Waiter(Hold hold, Promise<HoldOutcome> promise) {}
}
