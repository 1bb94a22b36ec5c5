package org.cocoon.link.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.UUID;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SealedFieldsTest {
  private static final String KEY_ID = "00112233445566778899aabbccddeeff";
  private static final String NONCE = base64(16);
  private static final String KEM = base64(32);
  private static final String GOOD = sealed(KEY_ID, NONCE, KEM, base64(100));

  private static String base64(int bytes) {
    byte[] some = new byte[bytes];
    Arrays.fill(some, (byte) 0xfb); // + and / in base64
    return Base64.getEncoder().encodeToString(some);
  }

  private static String sealed(String keyId, String nonce, String kem, String ciphertext) {
    return "{\"key_id\":\"%s\",\"request_nonce\":\"%s\",\"encapsulated\":\"%s\",\"ciphertext\":\"%s\"}"
        .formatted(keyId, nonce, kem, ciphertext);
  }

  private static byte[] body(String sealed, String more) {
    return "{\"model\":\"m\",\"stream\":true,\"sealed\":%s%s}"
        .formatted(sealed, more)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static ParsedRequest parse(String sealed, String more) {
    return new RequestParser(false).chat(Fields.parse(body(sealed, more)), 42);
  }

  private static BadRequestException wrong(String sealed, String more) {
    return assertThrows(BadRequestException.class, () -> parse(sealed, more));
  }

  @Test
  void aSealedBodyIsARunOfWhichOnlyLimitsCanBeRead() {
    String more =
        ",\"max_completion_tokens\":7,\"max_coefficient\":1200,\"timeout\":2,\"user\":\"u\"";
    ParsedRequest parsed = parse(GOOD, more);
    assertTrue(parsed.stream() && parsed.chat());
    assertEquals(100, parsed.promptBytes(), "the ciphertext's length bounds the prompt's");
    assertEquals(1, parsed.messages());
    assertEquals(7, parsed.maxTokens());
    assertEquals(1200, parsed.maxCoefficient());
    assertEquals(2000, parsed.timeoutMillis());
    Run run = parsed.run();
    assertEquals(KEY_ID, run.getSealed().getKeyId());
    assertEquals(16, run.getSealed().getRequestNonce().size());
    assertEquals(32, run.getSealed().getEncapsulated().size());
    assertEquals((byte) 0xfb, run.getSealed().getCiphertext().byteAt(99));
    assertEquals(7, run.getSealed().getMaxTokens(), "bound into what is sealed");
    assertTrue(run.getSealed().getChat());
    assertFalse(run.hasSampling(), "sampling is inside");
    ParsedRequest completion = new RequestParser(true).completion(Fields.parse(body(GOOD, "")), 42);
    assertFalse(completion.chat() || completion.run().getSealed().getChat());
    assertEquals(0, completion.run().getSealed().getMaxTokens());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "messages",
        "prompt",
        "temperature",
        "seed",
        "stop",
        "logit_bias",
        "logprobs",
        "tools",
        "top_logprobs",
        "ignore_eos",
        "response_format",
        "chat_template_kwargs"
      })
  void whatBelongsInsideMayNotStandBeside(String name) {
    BadRequestException wrong = wrong(GOOD, ",\"%s\":\"said in clear\"".formatted(name));
    assertEquals(name, wrong.param());
    assertFalse(wrong.message().contains("said in clear"));
    assertEquals(100, parse(GOOD, ",\"%s\":null".formatted(name)).promptBytes());
  }

  @Test
  void namesTheSealedFieldAtFault() {
    String text = base64(100);
    assertEquals("sealed", wrong("\"x\"", "").param());
    assertEquals("sealed.key_id", wrong(sealed("00", NONCE, KEM, text), "").param());
    String upper = KEY_ID.toUpperCase(java.util.Locale.ROOT);
    assertEquals("sealed.key_id", wrong(sealed(upper, NONCE, KEM, text), "").param());
    assertEquals("sealed.request_nonce", wrong(sealed(KEY_ID, base64(15), KEM, text), "").param());
    assertEquals("sealed.encapsulated", wrong(sealed(KEY_ID, NONCE, base64(33), text), "").param());
    assertEquals("sealed.ciphertext", wrong(sealed(KEY_ID, NONCE, KEM, base64(16)), "").param());
    String most = base64(SealedFields.MOST_CIPHERTEXT_BYTES);
    assertEquals(
        SealedFields.MOST_CIPHERTEXT_BYTES,
        parse(sealed(KEY_ID, NONCE, KEM, most), "").promptBytes());
    String tooLong = base64(SealedFields.MOST_CIPHERTEXT_BYTES + 1);
    assertEquals("sealed.ciphertext", wrong(sealed(KEY_ID, NONCE, KEM, tooLong), "").param());
    String more = GOOD.replace("{\"key_id\"", "{\"version\":2,\"key_id\"");
    assertEquals("sealed.version", wrong(more, "").param());
    assertEquals("sealed.request_nonce", wrong("{\"key_id\":\"" + KEY_ID + "\"}", "").param());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not padded|AAAAAAAAAAAAAAAAAAAAAA",
        "half padded|AAAAAAAAAAAAAAAAAAAAAA=",
        "bits after the end|AAAAAAAAAAAAAAAAAAAAAB==",
        "of URLs|____________________-A==",
        "a space|AAAAAAAAAAAAAAAAAAAAA ==",
        "not ASCII|\u0141AAAAAAAAAAAAAAAAAAAAA==",
        "data after the end|AAAAAAAAAAAAAAAAAAAAAA==AAAA",
      })
  void base64HasOneForm(String what, String nonce) {
    assertEquals(
        16,
        parse(sealed(KEY_ID, "AAAAAAAAAAAAAAAAAAAAAA==", KEM, base64(17)), "")
            .run()
            .getSealed()
            .getRequestNonce()
            .size());
    BadRequestException wrong = wrong(sealed(KEY_ID, nonce, KEM, base64(17)), "");
    assertEquals("sealed.request_nonce", wrong.param(), what);
  }

  /** Whatever arrives, parsing answers with a request or a refusal that quotes nothing of it. */
  @Test
  void survivesAnyMutationOfABody() {
    long seed = 20261123;
    Random random = new Random(seed);
    byte[] good = body(GOOD, ",\"max_tokens\":5");
    int accepted = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] body = good.clone();
      for (int flips = random.nextInt(3); flips >= 0; flips--) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      try {
        new RequestParser(random.nextBoolean()).chat(Fields.parse(body), 42);
        accepted++;
      } catch (BadRequestException expected) {
        assertFalse(expected.message().contains("+/v7"), "seed " + seed);
      }
    }
    assertTrue(accepted > 1_000, "some mutations stay valid, seed " + seed);
  }

  @Test
  void aSealedAnswerIsWrittenAsEventsThatReadBack() throws Exception {
    SealedEvents format = new SealedEvents(true, new UUID(1, 2), "a\"b", 77);
    byte[] chunk = {0, -1, 62, 63};
    Buffer out = Buffer.buffer();
    format.chunk(out, chunk, 3);
    format.end(out, FinishReason.FINISH_LENGTH, "{\"x\":1}".getBytes(StandardCharsets.UTF_8));
    String[] events = out.toString().split("\n\n", -1);
    assertEquals("data: [DONE]", events[2]);
    JsonNode first = new ObjectMapper().readTree(events[0].substring(6));
    assertEquals("chatcmpl-" + new UUID(1, 2), first.get("id").textValue());
    assertEquals("cocoon.sealed.chunk", first.get("object").textValue());
    assertEquals("a\"b", first.get("model").textValue());
    assertEquals(77, first.get("created").intValue());
    assertEquals(3, first.get("tokens").intValue());
    assertEquals("AP8+Pw==", first.get("sealed").textValue());
    JsonNode end = new ObjectMapper().readTree(events[1].substring(6));
    assertEquals("cocoon.sealed.end", end.get("object").textValue());
    assertEquals("length", end.get("finish_reason").textValue());
    assertEquals(1, end.get("usage").get("x").intValue());
  }
}
