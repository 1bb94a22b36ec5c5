package org.cocoon.link.openai;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** Writes JSON straight as UTF-8, since per token there is no time for objects. */
public final class Utf8Json {
  private static final byte[][] ESCAPES = new byte[128][];
  private static final byte[] REPLACEMENT = "\uFFFD".getBytes(StandardCharsets.UTF_8);

  static {
    for (int c = 0; c < 0x20; c++) {
      ESCAPES[c] = "\\u%04x".formatted(c).getBytes(StandardCharsets.US_ASCII);
    }
    ESCAPES['\n'] = new byte[] {'\\', 'n'};
    ESCAPES['\r'] = new byte[] {'\\', 'r'};
    ESCAPES['\t'] = new byte[] {'\\', 't'};
    ESCAPES['"'] = new byte[] {'\\', '"'};
    ESCAPES['\\'] = new byte[] {'\\', '\\'};
    ESCAPES[0x7f] = "\\u007f".getBytes(StandardCharsets.US_ASCII);
  }

  private Utf8Json() {}

  /** Appends the inside of a JSON string (RFC 8259, section 7); {@code text} is whole UTF-8. */
  public static void escaped(Buffer out, byte[] text) {
    int from = 0;
    for (int i = 0; i < text.length; i++) {
      byte c = text[i];
      byte[] escape = c >= 0 ? ESCAPES[c] : null;
      if (escape != null) {
        out.appendBytes(text, from, i - from).appendBytes(escape);
        from = i + 1;
      }
    }
    out.appendBytes(text, from, text.length - from);
  }

  /** A JSON string with its quotes, or {@code null}. */
  public static String quoted(@Nullable String text) {
    if (text == null) {
      return "null";
    }
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  /** Appends the entries of chat's {@code logprobs.content} array, without brackets. */
  static void chatLogprobs(Buffer out, List<TokenLogprob> logprobs) {
    for (int i = 0; i < logprobs.size(); i++) {
      TokenLogprob token = logprobs.get(i);
      if (i > 0) {
        out.appendByte((byte) ',');
      }
      entry(out, token.getPiece().toByteArray(), token.getLogprob());
      out.appendString(",\"top_logprobs\":[");
      for (int j = 0; j < token.getTopCount(); j++) {
        Alternative alternative = token.getTop(j);
        if (j > 0) {
          out.appendByte((byte) ',');
        }
        entry(out, alternative.getPiece().toByteArray(), alternative.getLogprob());
        out.appendByte((byte) '}');
      }
      out.appendString("]}");
    }
  }

  /** Appends a token entry without its closing brace; torn UTF-8 shows as U+FFFD and in bytes. */
  private static void entry(Buffer out, byte[] piece, float logprob) {
    out.appendString("{\"token\":\"");
    escaped(out, whole(piece));
    out.appendString("\",\"logprob\":").appendString(number(logprob)).appendString(",\"bytes\":[");
    for (int i = 0; i < piece.length; i++) {
      out.appendString(i == 0 ? "" : ",").appendString(Integer.toString(piece[i] & 0xff));
    }
    out.appendByte((byte) ']');
  }

  /** JSON has no infinities: OpenAI writes -9999 for a token that cannot be. */
  static String number(float logprob) {
    return Float.isFinite(logprob) ? Float.toString(logprob) : "-9999.0";
  }

  static byte[] whole(byte[] piece) {
    String text = new String(piece, StandardCharsets.UTF_8);
    return text.isEmpty() && piece.length > 0 ? REPLACEMENT : text.getBytes(StandardCharsets.UTF_8);
  }
}
