package org.cocoon.worker.constraint;

import org.cocoon.worker.constraint.Automaton.State;
import org.jspecify.annotations.Nullable;

/**
 * A form that answers of one vocabulary can be held to. Shared by the answers that have it; what
 * they find out about it is kept within bounds. Any thread.
 */
public final class Constraint {
  /** Masks kept, by their memory: 64 of a vocabulary of 256k tokens, or 340 of one of 49k. */
  private static final int MOST_MASK_BYTES = 2 << 20;

  private static final int LEAST_MASKS = 16;

  private final Automaton automaton;
  private final Tokens tokens;
  private final RecentMasks recent;

  private Constraint(Node root, Tokens tokens) {
    automaton = new Automaton(root);
    this.tokens = tokens;
    int most = MOST_MASK_BYTES / Math.max(tokens.trie().words() * Long.BYTES, 1);
    recent = new RecentMasks(Math.max(most, LEAST_MASKS));
  }

  /**
   * The form of answers that are one JSON value which is valid under a schema.
   *
   * @param schema JSON text
   * @throws SchemaException naming what cannot be honoured
   */
  public static Constraint ofSchema(String schema, Tokens tokens) throws SchemaException {
    return new Constraint(SchemaCompiler.compile(schema), tokens);
  }

  /** The form of answers that are any one JSON object. */
  public static Constraint ofAnyObject(Tokens tokens) {
    return new Constraint(SchemaCompiler.anyObject(), tokens);
  }

  /**
   * The form of answers that are one call of a function: an object with its name and its arguments,
   * which are valid under its schema.
   *
   * @param tools JSON array as OpenAI has it
   * @param name of the one to call; empty: any
   * @param before what the model writes before the object
   * @param arguments the name of the member that holds them
   * @param after what the model writes after it
   * @throws SchemaException naming what cannot be honoured
   */
  public static Constraint ofCall(
      String tools, String name, String before, String arguments, String after, Tokens tokens)
      throws SchemaException {
    return new Constraint(
        SchemaCompiler.compileCall(tools, name, before, arguments, after), tokens);
  }

  /** Begins an answer. */
  public Progress begin() {
    return new Progress(this, automaton.start());
  }

  /** The state after a token, or null where that may not come. */
  synchronized @Nullable State after(State from, int token) {
    State state = from;
    byte[] bytes = tokens.piece(token);
    for (byte next : bytes) {
      state = automaton.step(state, next & 0xFF);
    }
    return bytes.length == 0 || state.isDead() ? null : state;
  }

  /** Which tokens may come next; shared, not to be changed. */
  synchronized long[] mask(State state) {
    State alike = automaton.alike(state, tokens.trie().longest());
    long[] known = alike.mask();
    if (known != null) {
      recent.use(alike);
      return known;
    }
    long[] mask = maskWithin(alike, Node.ENDLESS);
    recent.add(alike, mask);
    return mask;
  }

  /** Which tokens may come next so that at most so many bytes are missing afterwards. */
  synchronized long[] maskWithin(State state, int most) {
    long[] mask = new long[tokens.trie().words()];
    tokens.trie().allow(automaton, state, most, mask);
    if (state.accepts()) {
      for (int end : tokens.ends()) {
        mask[end >> 6] |= 1L << (end & 63);
      }
    }
    return mask;
  }

  boolean ends(int token) {
    return tokens.ends().contains(token);
  }

  int plainest(long[] mask) {
    return tokens.plainest(mask);
  }
}
