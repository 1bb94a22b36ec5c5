package org.cocoon.worker.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.worker.constraint.Node.ByteSet;
import org.cocoon.worker.constraint.Node.Choice;
import org.cocoon.worker.constraint.Node.Literal;
import org.cocoon.worker.constraint.Node.Reference;
import org.cocoon.worker.constraint.Node.Repeat;
import org.cocoon.worker.constraint.Node.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * A grammar as an automaton over bytes that is made while it runs.
 *
 * <p>A grammar with recursion needs a stack, and an ambiguous one several at a time. So a state is
 * a set of stacks. A stack says what may come next: its top wants a byte, and the frames below are
 * what follows. Frames and states are made once each, so stacks share their lower parts, equal
 * states are the same object, and a step that was made before is one look into a table. A count,
 * such as that of a string's characters, is a number in a frame, not that many states of a table.
 *
 * <p>Only productive nodes are entered: as long as the bounds below are kept, every state that is
 * not dead leads to a whole text. Beyond them stacks are dropped: what is then still accepted is
 * valid, but there may be nothing left to accept.
 *
 * <p>One thread.
 */
final class Automaton {
  /** The deepest stack; JSON nested about 700 deep. */
  private static final int MOST_DEPTH = 2_000;

  /** Frames looked at for one step. */
  private static final int MOST_STACKS = 4_096;

  /** Frames kept, a state counted as several; beyond it all are forgotten and made again: 4 MB. */
  private static final int MOST_KEPT = 40_000;

  /** A state's table of steps takes as much as this many frames. */
  private static final int FRAMES_IN_STATE = 16;

  private final Map<Frame, Frame> frames = new HashMap<>();
  private final Map<Tops, State> states = new HashMap<>();
  private int made;
  private final State start;

  /**
   * What a stack's top still has to match, and what comes after it.
   *
   * @param node a byte set or literal at the top; below it a sequence or a repeat
   * @param at bytes, parts or repetitions that are done or begun
   * @param next null: the whole text is complete after it
   * @param depth of the stack
   * @param shortest bytes of the shortest text that completes it
   * @param hash of this stack, which is asked for often
   */
  private record Frame(Node node, int at, @Nullable Frame next, int depth, int shortest, int hash) {
    @Override
    @SuppressWarnings("ReferenceEquality") // frames are made once each
    public boolean equals(@Nullable Object other) {
      return other instanceof Frame frame
          && frame.node == node
          && frame.at == at
          && frame.next == next;
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /** The stacks of a state, in the order in which they were made; compared by identity. */
  private record Tops(Frame[] frames, boolean accepts) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Tops tops
          && tops.accepts == accepts
          && Arrays.equals(tops.frames, frames);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(frames) * 2 + (accepts ? 1 : 0);
    }
  }

  /** A place in a text that begins well. */
  static final class State {
    private final Frame[] tops;
    private final boolean accepts;
    private final int shortest;
    private State @Nullable [] steps;
    private @Nullable State alike;
    private long @Nullable [] mask;

    private State(Tops of) {
      tops = of.frames();
      accepts = of.accepts();
      int least = accepts ? 0 : Node.ENDLESS;
      for (Frame top : tops) {
        least = Math.min(least, top.shortest());
      }
      shortest = least;
    }

    /** Bytes of the shortest text that makes it whole. */
    int shortest() {
      return shortest;
    }

    /** Whether the text up to here is whole. */
    boolean accepts() {
      return accepts;
    }

    /** Whether no more byte can follow. */
    boolean isFinal() {
      return tops.length == 0;
    }

    /** Whether this text can never be whole. */
    boolean isDead() {
      return tops.length == 0 && !accepts;
    }

    long @Nullable [] mask() {
      return mask;
    }

    void mask(long @Nullable [] made) {
      mask = made;
    }
  }

  /** The automaton of a complete grammar. */
  Automaton(Node root) {
    Closure closure = new Closure();
    closure.enter(root, null);
    start = closure.state();
  }

  State start() {
    return start;
  }

  /** The state after one more byte, 0 to 255. */
  State step(State from, int value) {
    State[] steps = from.steps;
    State known = steps == null ? null : steps[value];
    return known != null ? known : make(from, value);
  }

  private State make(State from, int value) {
    if (made > MOST_KEPT) {
      frames.clear();
      states.clear();
      made = 0;
    }
    Closure closure = new Closure();
    for (Frame top : from.tops) {
      switch (top.node()) {
        case ByteSet set -> {
          if (set.has(value)) {
            closure.resume(top.next());
          }
        }
        case Literal literal -> {
          if ((literal.bytes[top.at()] & 0xFF) == value) {
            int at = top.at() + 1;
            if (at < literal.bytes.length) {
              closure.top(frame(literal, at, top.next()));
            } else {
              closure.resume(top.next());
            }
          }
        }
        case Sequence _, Choice _, Repeat _, Reference _ ->
            throw new IllegalStateException("a top that wants no byte");
      }
    }
    State next = closure.state();
    State[] steps = from.steps;
    if (steps == null) {
      steps = new State[256];
      from.steps = steps;
      made += FRAMES_IN_STATE;
    }
    steps[value] = next;
    return next;
  }

  private Frame frame(Node node, int at, @Nullable Frame next) {
    int depth = next == null ? 1 : next.depth() + 1;
    int below = next == null ? 0 : next.hash();
    int hash = (System.identityHashCode(node) * 31 + at) * 31 + below;
    Frame fresh = new Frame(node, at, next, depth, shortest(node, at, next), hash);
    Frame known = frames.putIfAbsent(fresh, fresh);
    made += known == null ? 1 : 0;
    return known == null ? fresh : known;
  }

  private static int shortest(Node node, int at, @Nullable Frame next) {
    int own =
        switch (node) {
          case ByteSet _ -> 1;
          case Literal literal -> literal.bytes.length - at;
          case Sequence sequence -> sequence.shortestFrom(at);
          case Repeat repeat -> repeat.shortestAfter(at);
          case Choice _, Reference _ -> 0; // such a frame only marks what was seen
        };
    return Math.min(own + (next == null ? 0 : next.shortest()), Node.ENDLESS);
  }

  private State state(Collection<Frame> tops, boolean accepts) {
    return states.computeIfAbsent(new Tops(tops.toArray(Frame[]::new), accepts), State::new);
  }

  /**
   * A state that allows the same next {@code bytes} bytes, and is the same for as many states as
   * possible: what is counted far away from its bounds is all alike.
   */
  State alike(State state, int bytes) {
    State known = state.alike;
    if (known == null) {
      Set<Frame> tops = new LinkedHashSet<>();
      for (Frame top : state.tops) {
        tops.add(alike(top, bytes));
      }
      known = state(tops, state.accepts);
      state.alike = known;
    }
    return known;
  }

  private Frame alike(Frame frame, int bytes) {
    Frame below = frame.next();
    return frame(
        frame.node(),
        frame.node() instanceof Repeat repeat ? near(repeat, frame.at(), bytes) : frame.at(),
        below == null ? null : alike(below, bytes));
  }

  /** Repetitions that are counted as one is as far from both bounds as matters. */
  private static int near(Repeat repeat, int count, int bytes) {
    if (count < repeat.least) {
      return Math.max(count, repeat.least - bytes - 1);
    }
    return repeat.most == Repeat.UNBOUNDED ? count : Math.max(count, repeat.most - bytes - 1);
  }

  /** Everything that can come next, found by following what matches without a byte. */
  private final class Closure {
    private final Set<Frame> seen = new HashSet<>();
    private final List<Frame> tops = new ArrayList<>();
    private boolean accepts;

    State state() {
      return Automaton.this.state(tops, accepts);
    }

    void top(Frame frame) {
      if (frame.depth() <= MOST_DEPTH && seen.size() < MOST_STACKS && seen.add(frame)) {
        tops.add(frame);
      }
    }

    /** Goes on with what follows a part that has matched. */
    void resume(@Nullable Frame frame) {
      if (frame == null) {
        accepts = true;
        return;
      }
      switch (frame.node()) {
        case Sequence sequence -> enterPart(sequence, frame.at(), frame.next());
        case Repeat repeat -> again(repeat, frame.at(), frame.next());
        case ByteSet _, Literal _, Choice _, Reference _ ->
            throw new IllegalStateException("nothing waits below this");
      }
    }

    /** Goes into a node, behind which {@code next} follows. */
    void enter(Node node, @Nullable Frame next) {
      if (!node.productive()) {
        return;
      }
      switch (node) {
        case ByteSet set -> top(frame(set, 0, next));
        case Literal literal -> top(frame(literal, 0, next));
        case Sequence sequence -> enterPart(sequence, 0, next);
        case Repeat repeat -> again(repeat, 0, next);
        case Choice choice -> {
          for (Node option : choice.options) {
            enter(option, next);
          }
        }
        case Reference reference -> {
          if (isNew(reference, 0, next)) { // a reference may lead back to itself
            enter(reference.target(), next);
          }
        }
      }
    }

    private void enterPart(Sequence sequence, int at, @Nullable Frame next) {
      int size = sequence.parts.size();
      if (at == size) {
        resume(next);
      } else { // the last part leaves nothing below it, which keeps stacks short
        enter(sequence.parts.get(at), at + 1 == size ? next : frame(sequence, at + 1, next));
      }
    }

    private void again(Repeat repeat, int count, @Nullable Frame next) {
      if (!isNew(repeat, count, next)) {
        return; // the body matched nothing
      }
      if (count < repeat.most) {
        boolean counts = count < repeat.least || repeat.most < Repeat.UNBOUNDED;
        enter(repeat.body, frame(repeat, counts ? count + 1 : count, next));
      }
      if (count >= repeat.least) {
        resume(next);
      }
    }

    private boolean isNew(Node node, int at, @Nullable Frame next) {
      Frame frame = frame(node, at, next);
      return frame.depth() <= MOST_DEPTH && seen.size() < MOST_STACKS && seen.add(frame);
    }
  }
}
