package org.cocoon.link.openai;

import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Base64;
import java.util.List;

/** How vectors look in OpenAI's JSON. */
public final class EmbeddingFormat {
  private EmbeddingFormat() {}

  /**
   * All of them as one object.
   *
   * @param vectors in the order of the texts: float32, little-endian
   * @param base64 whether they are shown so, else as numbers
   * @param usage the usage object as JSON
   */
  public static void whole(
      Buffer out, List<byte[]> vectors, boolean base64, String model, byte[] usage) {
    out.appendString("{\"object\":\"list\",\"data\":[");
    for (int i = 0; i < vectors.size(); i++) {
      out.appendString(i == 0 ? "" : ",")
          .appendString("{\"object\":\"embedding\",\"index\":" + i + ",\"embedding\":");
      if (base64) {
        out.appendByte((byte) '"')
            .appendBytes(Base64.getEncoder().encode(vectors.get(i)))
            .appendByte((byte) '"');
      } else {
        numbers(out, vectors.get(i));
      }
      out.appendByte((byte) '}');
    }
    out.appendString("],\"model\":" + Utf8Json.quoted(model) + ",\"usage\":")
        .appendBytes(usage)
        .appendByte((byte) '}');
  }

  private static void numbers(Buffer out, byte[] vector) {
    FloatBuffer values = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    out.appendByte((byte) '[');
    for (int i = 0; i < values.limit(); i++) {
      out.appendString(i == 0 ? "" : ",").appendString(Float.toString(values.get(i)));
    }
    out.appendByte((byte) ']');
  }
}
