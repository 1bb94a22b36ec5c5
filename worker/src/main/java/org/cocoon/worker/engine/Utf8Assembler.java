package org.cocoon.worker.engine;

import java.io.ByteArrayOutputStream;

/**
 * Makes whole UTF-8 of bytes that come in torn pieces.
 *
 * <p>Bytes of an unfinished character wait for the rest of it. What can never become a character is
 * replaced by U+FFFD, one for each maximal subpart (Unicode 16, section 3.9, table 3-7), as
 * browsers do; so the text does not depend on where the pieces were torn.
 */
final class Utf8Assembler {
  private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

  private final byte[] partial = new byte[4];
  private int have;
  private int want;

  /** Takes bytes and writes the characters that are whole now. */
  void feed(byte[] bytes, ByteArrayOutputStream out) {
    for (byte next : bytes) {
      if (have > 0 && !continues(next)) {
        replacePartial(out);
      }
      if (have > 0) {
        partial[have++] = next;
      } else {
        begin(next, out);
      }
      if (have > 0 && have == want) {
        out.write(partial, 0, have);
        have = 0;
      }
    }
  }

  /** Replaces what is still unfinished, since no more bytes will come. */
  void finish(ByteArrayOutputStream out) {
    if (have > 0) {
      replacePartial(out);
    }
  }

  private void begin(byte next, ByteArrayOutputStream out) {
    int first = next & 0xFF;
    if (first < 0x80) {
      out.write(first);
      return;
    }
    if (first < 0xC2 || first > 0xF4) {
      out.writeBytes(REPLACEMENT);
      return;
    }
    partial[0] = next;
    have = 1;
    want = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  }

  /** Second bytes have narrower ranges after E0 (overlong), ED (surrogates), F0 and F4. */
  private boolean continues(byte next) {
    int value = next & 0xFF;
    int low = 0x80;
    int high = 0xBF;
    if (have == 1) {
      switch (partial[0] & 0xFF) {
        case 0xE0 -> low = 0xA0;
        case 0xED -> high = 0x9F;
        case 0xF0 -> low = 0x90;
        case 0xF4 -> high = 0x8F;
        default -> {}
      }
    }
    return value >= low && value <= high;
  }

  private void replacePartial(ByteArrayOutputStream out) {
    out.writeBytes(REPLACEMENT);
    have = 0;
  }
}
