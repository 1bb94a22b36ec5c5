package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.List;
import org.cocoon.backend.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * Letters, torn and whole characters of two to four bytes, and a few control markers: small enough
 * that random answers hit stop strings, tear characters and end.
 *
 * <p>Text is cut into bytes: byte b is token {@link #BYTES} + b, control markers have ids from 0.
 */
final class TestVocabulary implements Vocabulary {
  static final int END = 0;
  static final int BYTES = 8;
  private static final List<String> MARKERS =
      List.of("<|im_end|>", "<|im_start|>", "<|endoftext|>");
  private static final byte[][] EXTRA = extra();

  private final @Nullable String template;
  private final int[] prefix;

  TestVocabulary(@Nullable String template, int... prefix) {
    this.template = template;
    this.prefix = prefix;
  }

  /** Half a dozen torn characters, and letters again so that text is mostly letters. */
  private static byte[][] extra() {
    byte[] emoji = "\uD83D\uDE80".getBytes(UTF_8);
    byte[] euro = "€".getBytes(UTF_8);
    byte[][] extra = new byte[44][];
    extra[0] = Arrays.copyOfRange(emoji, 0, 2);
    extra[1] = Arrays.copyOfRange(emoji, 2, 4);
    extra[2] = Arrays.copyOfRange(euro, 0, 1);
    extra[3] = Arrays.copyOfRange(euro, 1, 3);
    for (int i = 4; i < extra.length; i++) {
      String text = "" + (char) ('a' + i % 3) + (i % 5 == 0 ? "ä" : "");
      extra[i] = text.getBytes(UTF_8);
    }
    return extra;
  }

  @Override
  public int size() {
    return BYTES + 256 + EXTRA.length;
  }

  @Override
  public int[] tokenize(String text, boolean parseSpecial) {
    TokenList ids = new TokenList(text.length());
    int at = 0;
    while (at < text.length()) {
      int marker = parseSpecial ? marker(text, at) : -1;
      if (marker >= 0) {
        ids.add(marker);
        at += MARKERS.get(marker).length();
      } else {
        int end = text.offsetByCodePoints(at, 1);
        for (byte b : text.substring(at, end).getBytes(UTF_8)) {
          ids.add(BYTES + (b & 0xFF));
        }
        at = end;
      }
    }
    return ids.toArray();
  }

  private static int marker(String text, int at) {
    for (int i = 0; i < MARKERS.size(); i++) {
      if (text.startsWith(MARKERS.get(i), at)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public byte[] piece(int token) {
    if (token < BYTES) {
      return new byte[0];
    }
    int index = token - BYTES;
    return index < 256 ? new byte[] {(byte) index} : EXTRA[index - 256].clone();
  }

  @Override
  public boolean endsGeneration(int token) {
    return token == END;
  }

  @Override
  public int[] prefix() {
    return prefix.clone();
  }

  @Override
  public @Nullable String chatTemplate() {
    return template;
  }

  @Override
  public String beginText() {
    return "";
  }

  @Override
  public String endText() {
    return "<|im_end|>";
  }

  /** Tokens as a person would read them: markers in guillemets, bytes as text. */
  static String show(int[] ids) {
    StringBuilder shown = new StringBuilder();
    for (int id : ids) {
      shown.append(id < BYTES ? "«" + MARKERS.get(id) + "»" : String.valueOf((char) (id - BYTES)));
    }
    return shown.toString();
  }
}
