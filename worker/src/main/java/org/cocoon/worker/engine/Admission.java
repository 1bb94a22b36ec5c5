package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who runs: gives free slots to waiting generations, and takes slots away for others. One thread.
 *
 * <p>Of those that wait, the one with the highest priority goes first; within a priority, the one
 * whose account had least ({@link FairShare}); of one account, the oldest. Who has waited for the
 * patience of the options goes with the next higher priority, and after twice that with the one
 * above, so that nobody waits for ever.
 *
 * <p>Where all slots are taken, a generation gives its slot up
 *
 * <ul>
 *   <li>if its client has given no credit for the patience: to anybody;
 *   <li>if its priority is lower: to anybody above;
 *   <li>if its account holds at least two slots more than the other's: to whoever has waited for
 *       the patience, at the same priority.
 * </ul>
 *
 * <p>Among those, the one with the lowest priority goes, then the one of the account with most
 * slots, then the youngest, which has least to lose. It waits in its old place and is later
 * computed again: its prompt and its own tokens, of which much may still be cached. Its text is
 * unbroken, because the draw of a token depends on seed and position alone. It happens to a
 * generation at most so often as the options say; after that its slot is its own.
 */
final class Admission {
  private static final Logger log = LoggerFactory.getLogger(Admission.class);

  private final SlotTable slots;
  private final long patienceNanos;
  private final int maxPreemptions;
  private final List<Generation> waiting = new ArrayList<>();

  /** In the order in which they got their slots. */
  private final List<Generation> running = new ArrayList<>();

  Admission(SlotTable slots, EngineOptions options) {
    this.slots = slots;
    patienceNanos = options.patienceMillis() * 1_000_000L;
    maxPreemptions = options.maxPreemptions();
  }

  /** Those that have a slot, longest first. */
  List<Generation> running() {
    return running;
  }

  /** Lets a generation wait for a slot. */
  void await(Generation generation) {
    waiting.add(generation);
  }

  /** Takes out a generation that ended. */
  void remove(Generation generation) {
    Slot slot = generation.slot();
    if (slot == null) {
      waiting.remove(generation);
    } else {
      running.remove(generation);
      slots.release(slot);
      generation.account().stopped();
    }
  }

  /** Starts whoever may run now. */
  void admit(long now) {
    Choice choice = choose(now);
    while (choice != null) {
      if (choice.victim != null) {
        preempt(choice.victim, now);
      }
      start(choice.next, now);
      choice = choose(now);
    }
  }

  /** Whether {@link #admit} would start anybody. */
  boolean wouldAdmit(long now) {
    return choose(now) != null;
  }

  /**
   * Nanoseconds until the next stalled generation may lose its slot to one that waits; a very long
   * time where that cannot happen.
   */
  long nanosToStall(long now) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < running.size() && !waiting.isEmpty(); i++) {
      Generation generation = running.get(i);
      long left = patienceNanos - generation.stalledNanos(now);
      if (generation.isStalled() && left > 0) {
        least = Math.min(least, left);
      }
    }
    return least;
  }

  /** Who would start, and who would have to give up its slot for that. */
  private record Choice(Generation next, @Nullable Generation victim) {}

  private @Nullable Choice choose(long now) {
    if (waiting.isEmpty()) {
      return null;
    }
    if (!slots.isFull()) {
      Generation next = null;
      Comparator<Generation> order = order(now);
      for (Generation generation : waiting) {
        boolean isBetter = next == null || order.compare(generation, next) < 0;
        if (isBetter && generation.mayStart() && !slots.isComing(generation)) {
          next = generation;
        }
      }
      return next == null ? null : new Choice(next, null);
    }
    if (!anyMayGoFirst(now)) {
      return null;
    }
    for (Generation generation : waiting.stream().sorted(order(now)).toList()) {
      Generation victim = generation.mayStart() ? victim(generation, now) : null;
      if (victim != null && !slots.isComing(generation)) {
        return new Choice(generation, victim);
      }
    }
    return null;
  }

  private Comparator<Generation> order(long now) {
    return Comparator.comparingInt((Generation generation) -> -rank(generation, now))
        .thenComparingLong(generation -> generation.account().served())
        .thenComparingLong(generation -> generation.number);
  }

  private int rank(Generation generation, long now) {
    long raised = generation.waitedNanos(now) / patienceNanos;
    int highest = GenerationRequest.Priority.HIGH.level();
    return (int) Math.min(generation.request.priority().level() + raised, highest);
  }

  /** Spares the sorting where no slot could change hands, as is so in most steps. */
  private boolean anyMayGoFirst(long now) {
    for (Generation generation : waiting) {
      if (generation.mayStart() && victim(generation, now) != null) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Generation victim(Generation next, long now) {
    Generation victim = null;
    for (Generation generation : running) {
      if (givesWay(generation, next, now)
          && (victim == null || isBetterVictim(generation, victim))) {
        victim = generation;
      }
    }
    return victim;
  }

  private boolean givesWay(Generation generation, Generation next, long now) {
    if (generation.preemptions() >= maxPreemptions) {
      return false;
    }
    if (generation.stalledNanos(now) >= patienceNanos) {
      return true;
    }
    int above = next.request.priority().compareTo(generation.request.priority());
    boolean isOverShare = generation.account().running() >= next.account().running() + 2;
    return above > 0 || (above == 0 && isOverShare && next.waitedNanos(now) >= patienceNanos);
  }

  private static boolean isBetterVictim(Generation one, Generation than) {
    int lower = than.request.priority().compareTo(one.request.priority());
    int larger = Integer.compare(one.account().running(), than.account().running());
    return lower != 0 ? lower > 0 : larger != 0 ? larger > 0 : one.number > than.number;
  }

  private void preempt(Generation victim, long now) {
    log.debug(
        "event=preempted request={} tokens={}", victim.request.requestId(), victim.tokens().size());
    remove(victim);
    victim.preempted(now);
    await(victim);
  }

  private void start(Generation generation, long now) {
    Slot slot = slots.acquire(generation);
    if (slot == null) {
      throw new IllegalStateException("a slot was free, and could not be taken");
    }
    waiting.remove(generation);
    running.add(generation);
    generation.start(slot, now);
    generation.account().started();
  }
}
