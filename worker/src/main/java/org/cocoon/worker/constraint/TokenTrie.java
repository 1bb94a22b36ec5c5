package org.cocoon.worker.constraint;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntFunction;
import org.cocoon.worker.constraint.Automaton.State;

/**
 * The tokens of a vocabulary by their bytes, laid out so that one pass over an array visits them in
 * order and steps over whatever begins with bytes that are not allowed.
 *
 * <p>Tokens without bytes, which are control tokens, are in no answer of a given form. Immutable.
 */
final class TokenTrie {
  /** A token longer than this is not used: it would make every walk's stack as deep. */
  private static final int MOST_BYTES = 256;

  private final int vocabularySize;
  private final int longest;

  /** By node, in the order of a walk: the last byte of its path, and its length. */
  private final byte[] bytes;

  private final short[] depths;

  /** By node: where the walk goes on when this node is out. */
  private final int[] ends;

  /** By node: from where to where its tokens stand in {@link #tokens}. */
  private final int[] firstToken;

  private final int[] tokens;
  private int nodeCount;

  /**
   * Sorts a vocabulary.
   *
   * @param size tokens are 0 to {@code size - 1}
   * @param piece the bytes of a token
   */
  TokenTrie(int size, IntFunction<byte[]> piece) {
    vocabularySize = size;
    byte[][] pieces = new byte[size][];
    Integer[] order = new Integer[size];
    int nodes = 0;
    for (int token = 0; token < size; token++) {
      pieces[token] = piece.apply(token);
      order[token] = token;
      nodes += pieces[token].length;
    }
    Arrays.sort(order, Comparator.comparing(token -> pieces[token], Arrays::compareUnsigned));
    bytes = new byte[nodes];
    depths = new short[nodes];
    ends = new int[nodes];
    firstToken = new int[nodes + 1];
    tokens = new int[size];
    longest = build(pieces, order);
  }

  private int build(byte[][] pieces, Integer[] order) {
    int[] path = new int[MOST_BYTES + 1]; // node at each depth, from 1
    byte[] before = new byte[0];
    int node = 0;
    int count = 0;
    int deepest = 0;
    for (int token : order) {
      byte[] piece = pieces[token];
      if (piece.length == 0 || piece.length > MOST_BYTES) {
        continue;
      }
      int mismatch = Arrays.mismatch(before, piece);
      int shared = mismatch < 0 ? piece.length : mismatch;
      for (int depth = shared + 1; depth <= before.length; depth++) {
        ends[path[depth]] = node;
      }
      for (int depth = shared + 1; depth <= piece.length; depth++) {
        path[depth] = node;
        bytes[node] = piece[depth - 1];
        depths[node] = (short) depth;
        firstToken[node] = count;
        node++;
      }
      tokens[count++] = token;
      before = piece;
      deepest = Math.max(deepest, piece.length);
    }
    for (int depth = 1; depth <= before.length; depth++) {
      ends[path[depth]] = node;
    }
    nodeCount = node;
    firstToken[node] = count;
    return deepest;
  }

  /** Bytes of the longest token. */
  int longest() {
    return longest;
  }

  /** How many words of 64 bits a mask has. */
  int words() {
    return (vocabularySize + 63) >> 6;
  }

  /**
   * Sets the bits of all tokens that may come next.
   *
   * @param most bytes that may be missing after it
   */
  void allow(Automaton automaton, State from, int most, long[] mask) {
    State[] path = new State[longest + 1];
    path[0] = from;
    int node = 0;
    while (node < nodeCount) {
      int depth = depths[node];
      State state = automaton.step(path[depth - 1], bytes[node] & 0xFF);
      if (state.isDead()) {
        node = ends[node];
        continue;
      }
      path[depth] = state;
      int end = state.shortest() <= most ? firstToken[node + 1] : firstToken[node];
      for (int i = firstToken[node]; i < end; i++) {
        int token = tokens[i];
        mask[token >> 6] |= 1L << (token & 63);
      }
      node++;
    }
  }
}
