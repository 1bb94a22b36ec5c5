package org.cocoon.link.evidence.json;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
  private static final long SEED = 20260302;
  private static final String WHOLE =
      "{\"a\": {\"b\" : [1, -2, \"\\u00e9\\n\", true, null]}, \"s\":\"\\\"x\\\\\"}";

  @Test
  void givesNestedTextAsItStood() throws JsonException {
    JsonObject object = Json.parse("{\"inner\" : { \"x\":1,\n \"y\": [ 2 ] } , \"z\":0}");
    assertEquals("{ \"x\":1,\n \"y\": [ 2 ] }", object.object("inner").raw());
    assertEquals(1, object.object("inner").whole("x", 0, 1));
  }

  @Test
  void readsWhatItQuotes() throws JsonException {
    String text = "quote \" backslash \\ line \n tab \t nul \0 é \ud83d\ude00";
    assertEquals(text, Json.parse("{\"t\":" + Json.quote(text) + "}").text("t"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"a\":1}x",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1.0}",
        "{\"a\":1e3}",
        "{\"a\":1234567890123456}",
        "{\"a\":tru}",
        "{\"a\":NaN}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "\ufeff{}"
      })
  void refusesWhatReadersCouldDifferOn(String text) {
    assertThrows(JsonException.class, () -> Json.parse(text.getBytes(UTF_8), 1_000));
  }

  @Test
  void refusesTooDeepTooLongAndBrokenUtf8() throws JsonException {
    assertEquals(1, Json.parse(nested(Json.MAX_DEPTH - 1)).keys().size());
    assertThrows(JsonException.class, () -> Json.parse(nested(Json.MAX_DEPTH)));
    assertThrows(JsonException.class, () -> Json.parse(nested(1_000_000)));
    assertThrows(JsonException.class, () -> Json.parse("{}".getBytes(UTF_8), 1));
    byte[] latin = "{\"a\":\"é\"}".getBytes(ISO_8859_1);
    assertThrows(JsonException.class, () -> Json.parse(latin, 100));
  }

  @Test
  void namesThePathOfWhatIsWrong() throws JsonException {
    JsonObject object = Json.parse("{\"list\":[{\"n\":\"x\"}],\"n\":7}");
    JsonObject first = object.objects("list", 1).getFirst();
    assertMessage("key 'list[0].n' must be a whole number", () -> first.whole("n", 0, 9));
    assertMessage("key 'list[0].m' is missing", () -> first.text("m"));
    assertMessage(
        "key 'list' must be a list of at most 0 objects", () -> object.objects("list", 0));
    assertMessage("key 'n' must be a whole number from 8 to 9", () -> object.whole("n", 8, 9));
    assertMessage("did you mean 'list'?", () -> object.requireOnly(List.of("lists", "list")));
    assertEquals(List.of(), object.texts("none", 5));
  }

  @Test
  void randomChangesNeverThrowAnythingElse() {
    Random random = new Random(SEED);
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = WHOLE.getBytes(UTF_8);
      for (int j = 0; j < 2; j++) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      }
      try {
        JsonObject object = Json.parse(changed, 1_000);
        assertTrue(object.raw().startsWith("{"), "seed " + SEED);
        read++;
      } catch (JsonException e) {
        assertTrue(!e.reason().isBlank(), "seed " + SEED);
      }
    }
    assertTrue(read > 0, "some changes leave a JSON text, seed " + SEED);
  }

  private static String nested(int arrays) {
    return "{\"a\":" + "[".repeat(arrays) + "]".repeat(arrays) + "}";
  }

  private static void assertMessage(String part, Executable asked) {
    JsonException refused = assertThrows(JsonException.class, asked);
    assertTrue(refused.reason().contains(part), refused.reason());
  }
}
