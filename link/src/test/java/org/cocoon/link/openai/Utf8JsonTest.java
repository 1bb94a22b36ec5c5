package org.cocoon.link.openai;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.TokenLogprob;
import org.junit.jupiter.api.Test;

/** What we write without a library, read back by one. */
class Utf8JsonTest {
  private static final int ROUNDS = 20_000;
  private final ObjectMapper jackson = new ObjectMapper();

  private static String anyText(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(40); i > 0; i--) {
      int kind = random.nextInt(5);
      int c =
          switch (kind) {
            case 0 -> random.nextInt(0x20); // control
            case 1 -> "\"\\/\u007f\u2028\u2029".charAt(random.nextInt(6));
            case 2 -> random.nextInt(0x80);
            case 3 -> random.nextInt(0xD800);
            default -> 0xE000 + random.nextInt(0x110000 - 0xE000);
          };
      text.appendCodePoint(c);
    }
    return text.toString();
  }

  @Test
  void anyTextIsReadBackAsItWas() throws Exception {
    for (long seed = 0; seed < ROUNDS; seed++) {
      String text = anyText(new Random(seed));
      Buffer out = Buffer.buffer("\"");
      Utf8Json.escaped(out, text.getBytes(StandardCharsets.UTF_8));
      out.appendString("\"");
      assertEquals(text, jackson.readTree(out.getBytes()).textValue(), "seed " + seed);
    }
  }

  @Test
  void anyLogprobsAreReadBackWithTheirBytesHoweverTorn() throws Exception {
    for (long seed = 0; seed < ROUNDS / 10; seed++) {
      Random random = new Random(seed);
      byte[] piece = new byte[random.nextInt(6)];
      random.nextBytes(piece);
      float logprob = random.nextInt(10) == 0 ? Float.NEGATIVE_INFINITY : -random.nextFloat() * 20;
      Alternative.Builder other =
          Alternative.newBuilder().setPiece(ByteString.copyFrom(piece)).setLogprob(Float.NaN);
      TokenLogprob token =
          TokenLogprob.newBuilder()
              .setPiece(ByteString.copyFrom(piece))
              .setLogprob(logprob)
              .addTop(other)
              .addTop(other)
              .build();
      Buffer out = Buffer.buffer("[");
      Utf8Json.chatLogprobs(out, List.of(token, token));
      JsonNode read = jackson.readTree(out.appendString("]").getBytes());
      assertEquals(2, read.size(), "seed " + seed);
      JsonNode entry = read.get(1);
      assertEquals(
          new String(piece, StandardCharsets.UTF_8),
          entry.get("token").textValue(),
          "seed " + seed);
      byte[] bytes = new byte[entry.get("bytes").size()];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) entry.get("bytes").get(i).intValue();
      }
      assertArrayEquals(piece, bytes, "seed " + seed);
      assertEquals(
          Float.isFinite(logprob) ? logprob : -9999f,
          entry.get("logprob").floatValue(),
          "seed " + seed);
      assertEquals(-9999f, entry.get("top_logprobs").get(1).get("logprob").floatValue());
    }
  }
}
