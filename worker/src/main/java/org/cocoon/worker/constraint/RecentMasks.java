package org.cocoon.worker.constraint;

import java.util.LinkedHashSet;
import org.cocoon.worker.constraint.Automaton.State;

/** The states that hold their masks, least recently used first; one too many loses its own. */
final class RecentMasks {
  private final LinkedHashSet<State> states = new LinkedHashSet<>();
  private final int most;

  RecentMasks(int most) {
    this.most = most;
  }

  void use(State state) {
    states.addLast(state);
  }

  void add(State state, long[] mask) {
    state.mask(mask);
    states.addLast(state);
    if (states.size() > most) {
      states.removeFirst().mask(null);
    }
  }
}
