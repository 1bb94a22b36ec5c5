package org.cocoon.worker.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/** What constraints know of a vocabulary. Made once for each; immutable, any thread. */
public final class Tokens {
  /** Bytes that close what is open come first, and those that open come last. */
  private static final String CLOSING = "\"}],:";

  private static final String OPENING = "{[\n ";

  private final IntFunction<byte[]> pieces;
  private final TokenTrie trie;
  private final List<Integer> ends = new ArrayList<>();
  private final int[] plain;

  /**
   * Looks at a vocabulary; takes about 50 ms for 49,152 tokens.
   *
   * @param size tokens are 0 to {@code size - 1}
   * @param piece the bytes of a token, shared; none for a control token
   * @param ends whether a token ends an answer
   */
  public Tokens(int size, IntFunction<byte[]> piece, IntPredicate ends) {
    int[] byByte = new int[256];
    Arrays.fill(byByte, -1);
    for (int token = 0; token < size; token++) {
      byte[] bytes = piece.apply(token);
      if (ends.test(token)) {
        this.ends.add(token);
      } else if (bytes.length == 1) {
        byByte[bytes[0] & 0xFF] = token;
      }
    }
    pieces = piece;
    trie = new TokenTrie(size, token -> ends.test(token) ? new byte[0] : piece.apply(token));
    plain = plain(byByte);
  }

  private static int[] plain(int[] byByte) {
    List<Integer> ordered = new ArrayList<>();
    CLOSING.chars().forEach(closing -> ordered.add(byByte[closing]));
    for (int value = 0; value < byByte.length; value++) {
      if (OPENING.indexOf(value) < 0) {
        ordered.add(byByte[value]);
      }
    }
    OPENING.chars().forEach(opening -> ordered.add(byByte[opening]));
    return ordered.stream().mapToInt(Integer::intValue).filter(token -> token >= 0).toArray();
  }

  TokenTrie trie() {
    return trie;
  }

  List<Integer> ends() {
    return ends;
  }

  byte[] piece(int token) {
    return pieces.apply(token);
  }

  /** Whether a mask, as of {@link Progress#allowed()}, allows a token. */
  public static boolean allows(long[] mask, int token) {
    return (mask[token >> 6] >>> (token & 63) & 1) != 0;
  }

  /**
   * The plainest of the tokens that a mask allows, for where nothing says which is likely: a single
   * byte, and sooner one that closes a string or a bracket than one that opens another. -1 where
   * nothing is allowed.
   */
  public int plainest(long[] mask) {
    for (int token : plain) {
      if (allows(mask, token)) {
        return token;
      }
    }
    for (int word = 0; word < mask.length; word++) {
      if (mask[word] != 0) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(mask[word]);
      }
    }
    return -1;
  }
}
