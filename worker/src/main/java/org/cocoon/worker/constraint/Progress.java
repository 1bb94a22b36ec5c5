package org.cocoon.worker.constraint;

import org.cocoon.worker.constraint.Automaton.State;

/** How far one answer has come within its form. One thread at a time. */
public final class Progress {
  private final Constraint constraint;
  private State state;

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
    State next = constraint.after(state, token);
    if (next == null) {
      return false;
    }
    state = next;
    return true;
  }

  /** The plainest token that may come next, or -1 where none may. */
  public int plainest() {
    return constraint.plainest(state);
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
