package org.cocoon.worker.engine;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The text of one answer: pieces of tokens go in, text that the client may see comes out.
 *
 * <p>Pieces become whole UTF-8, stop strings are looked for in that, and of what passes the first
 * {@code skipBytes} bytes are dropped, because the client has them from another worker. Since
 * pieces of the continuation's tokens are replayed through the same way, what comes next has
 * neither a gap nor a repeat, wherever the answer was cut. One thread.
 */
final class AnswerText {
  private static final byte[] NOTHING = new byte[0];

  private final Utf8Assembler assembler = new Utf8Assembler();
  private final StopMatcher stops;
  private final ByteArrayOutputStream whole = new ByteArrayOutputStream();
  private final ByteArrayOutputStream passed = new ByteArrayOutputStream();
  private int skipBytes;

  AnswerText(List<String> stops, int skipBytes) {
    this.stops = new StopMatcher(stops);
    this.skipBytes = skipBytes;
  }

  /** Takes a token's bytes; what it lets pass is had by {@link #take()}. */
  void feed(byte[] piece) {
    whole.reset();
    assembler.feed(piece, whole);
    stops.feed(whole.toByteArray(), passed);
  }

  /** Lets pass what waited for more, since no more tokens will come. */
  void finish() {
    whole.reset();
    assembler.finish(whole);
    stops.feed(whole.toByteArray(), passed);
    stops.finish(passed);
  }

  /** The stop string that ended the text, or null while none has. */
  @Nullable String matched() {
    return stops.matched();
  }

  /** What may be told now: whole characters, each byte once. */
  byte[] take() {
    int size = passed.size();
    if (size == 0) {
      return NOTHING;
    }
    byte[] text = passed.toByteArray();
    passed.reset();
    if (skipBytes == 0) {
      return text;
    }
    int from = Math.min(skipBytes, size);
    skipBytes -= from;
    while (from < size && (text[from] & 0xC0) == 0x80) {
      from++; // A count that ends inside a character drops all of it: text is never torn.
    }
    return Arrays.copyOfRange(text, from, size);
  }
}
