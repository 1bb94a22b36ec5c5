package org.cocoon.worker.constraint;

import org.cocoon.worker.constraint.Automaton.State;
import org.jspecify.annotations.Nullable;

/** How far one answer has come within its form. One thread at a time. */
public final class Progress {
  private final Constraint constraint;
  private State state;

  /** What was looked at last, which is mostly what comes next: a token, and the state after it. */
  private int lookedAt = -1;

  private @Nullable State after;

  Progress(Constraint constraint, State start) {
    this.constraint = constraint;
    state = start;
  }

  /**
   * Which tokens may come next, by their bits: token t is bit {@code t % 64} of word {@code t /
   * 64}. An end token may where the answer is whole. Shared, not to be changed.
   */
  public long[] allowed() {
    return constraint.mask(state);
  }

  /** Takes a token; false, and nothing is changed, where it may not come next. */
  public boolean accept(int token) {
    if (constraint.ends(token)) {
      return state.accepts();
    }
    State next = after(token);
    if (next == null) {
      return false;
    }
    state = next;
    lookedAt = -1;
    return true;
  }

  /**
   * Whether the answer can still become whole after a token that may come next, or could not do so
   * anyway. A byte is taken for a token: vocabularies have one for each.
   *
   * @param left how many tokens the answer may still have, this one counted
   */
  public boolean endsWithin(int token, int left) {
    if (constraint.ends(token) || state.shortest() > left) {
      return true;
    }
    State next = after(token);
    return next != null && next.shortest() < left;
  }

  /** Bytes of the shortest text that makes the answer whole; 2^28 where there is none. */
  public int shortestRest() {
    return state.shortest();
  }

  /** The tokens of {@link #allowed()} with which {@link #endsWithin} holds; not shared. */
  public long[] allowedWithin(int left) {
    return constraint.maskWithin(state, left - 1);
  }

  /** The plainest token of a mask, or -1 where it has none. */
  public int plainest(long[] mask) {
    return constraint.plainest(mask);
  }

  private @Nullable State after(int token) {
    if (token != lookedAt) {
      after = constraint.after(state, token);
      lookedAt = token;
    }
    return after;
  }

  /** Whether the answer could end here. */
  public boolean isWhole() {
    return state.accepts();
  }

  /** Whether the answer is whole and nothing can follow it. */
  public boolean isComplete() {
    return state.accepts() && state.isFinal();
  }
}
