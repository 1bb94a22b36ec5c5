package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/**
 * The model of {@link FakeBackend} as pure functions: what a client uses to know the answer that it
 * must get.
 *
 * <p>Tokens 0 to 255 are the bytes of UTF-8 text. Tokens {@link #FIRST_GENERATED} to {@link
 * #END_TOKEN} - 1 are what the model generates, each a distinct piece of four ASCII characters such
 * as " k3f"; no text is cut into them, so they tell an answer from a prompt. The next token is a
 * hash of all tokens before it: one lost, doubled or changed token changes every later one.
 */
public final class FakeModel {
  /** The lowest id of a generated token. */
  public static final int FIRST_GENERATED = 256;

  /** Distinct tokens that can be generated. */
  public static final int GENERATED_TOKENS = 4096;

  /** Ends an answer; its piece is empty. */
  public static final int END_TOKEN = FIRST_GENERATED + GENERATED_TOKENS;

  /** Tokens in the vocabulary. */
  public static final int VOCABULARY_SIZE = END_TOKEN + 1;

  /** Values of a vector that stands for a text. */
  public static final int EMBEDDING_SIZE = 32;

  /** State of a sequence without tokens. */
  static final long EMPTY_STATE = 0x636f_636f_6f6e_0001L;

  private static final int GENERATED_BITS = 12;
  private static final String LETTERS = "bcdfghjkmnpqrstv";
  private static final String HEX = "0123456789abcdef";

  private FakeModel() {}

  /** Cuts text into tokens: its UTF-8 bytes, each 0 to 255. */
  public static int[] tokenize(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    int[] tokens = new int[utf8.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = Byte.toUnsignedInt(utf8[i]);
    }
    return tokens;
  }

  /**
   * The tokens that greedily follow others, as if the answer had no end.
   *
   * @param tokens prompt, and the answer so far if there is one
   * @param count how many to generate, at least 0
   */
  public static int[] answer(int[] tokens, int count) {
    long state = EMPTY_STATE;
    for (int token : tokens) {
      state = advance(state, token);
    }
    int[] answer = new int[count];
    for (int i = 0; i < count; i++) {
      answer[i] = likeliest(state);
      state = advance(state, answer[i]);
    }
    return answer;
  }

  /** The text that tokens stand for. */
  public static String text(int[] tokens) {
    ByteArrayOutputStream utf8 = new ByteArrayOutputStream(tokens.length * 4);
    for (int token : tokens) {
      utf8.writeBytes(piece(token));
    }
    return utf8.toString(UTF_8);
  }

  /** The bytes that a token stands for, in a fresh array. */
  public static byte[] piece(int token) {
    if (token < 0 || token > END_TOKEN) {
      throw new IndexOutOfBoundsException("there is no token " + token);
    }
    if (token == END_TOKEN) {
      return new byte[0];
    }
    if (token < FIRST_GENERATED) {
      return new byte[] {(byte) token};
    }
    int number = token - FIRST_GENERATED;
    char[] piece = {
      ' ', LETTERS.charAt(number >> 8), HEX.charAt(number >> 4 & 15), HEX.charAt(number & 15)
    };
    return new String(piece).getBytes(ISO_8859_1);
  }

  /**
   * The vector of a text, of length 1: texts that have most of their bytes in common are close.
   *
   * @return float32 [{@value #EMBEDDING_SIZE}]
   */
  public static float[] embedding(int[] tokens) {
    double[] sum = new double[EMBEDDING_SIZE];
    for (int token : tokens) {
      float[] state = hiddenState(token);
      for (int i = 0; i < EMBEDDING_SIZE; i++) {
        sum[i] += state[i];
      }
    }
    double squares = 0;
    for (double value : sum) {
      squares += value * value;
    }
    float[] vector = new float[EMBEDDING_SIZE];
    for (int i = 0; i < EMBEDDING_SIZE; i++) {
      vector[i] = (float) (sum[i] / Math.sqrt(squares));
    }
    return vector;
  }

  /** What a token adds to the vector of a text: values from -1 to 1, by its hash. */
  static float[] hiddenState(int token) {
    float[] state = new float[EMBEDDING_SIZE];
    long hash = advance(EMPTY_STATE, token);
    for (int i = 0; i < EMBEDDING_SIZE; i++) {
      hash = advance(hash, i);
      state[i] = (hash >> 40) / (float) (1L << 23);
    }
    return state;
  }

  /** State of a sequence after one more token. */
  static long advance(long state, int token) {
    // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    long z = state + 0x9e37_79b9_7f4a_7c15L * (token + 1L);
    z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
    return z ^ (z >>> 31);
  }

  /** The most likely token after a state, apart from the end token. */
  static int likeliest(long state) {
    return FIRST_GENERATED + (int) (state >>> (Long.SIZE - GENERATED_BITS));
  }

  /** The second most likely token, never the most likely one. */
  static int secondLikeliest(long state) {
    int first = likeliest(state) - FIRST_GENERATED;
    int step = 1 + (int) (state & 0x3ff);
    return FIRST_GENERATED + (first + step) % GENERATED_TOKENS;
  }
}
