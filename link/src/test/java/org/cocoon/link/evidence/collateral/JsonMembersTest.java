package org.cocoon.link.evidence.collateral;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonMembersTest {
  @Test
  void cutsValuesOutAsTheyAre() throws IOException {
    String inner = "{ \"a\" :[1, {\"}\":\"\\\"]\"}],\t\"b\":null}";
    Map<String, String> members =
        JsonMembers.of(" {\"x\\u0041\" : " + inner + " ,\"n\":-1.5e+3, \"s\":\"\\n\\/\\\\\"} ");
    assertEquals(Map.of("xA", inner, "n", "-1.5e+3", "s", "\"\\n\\/\\\\\""), members);
    assertEquals("\n/\\", JsonMembers.text(members, "s"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{}x",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":[}",
        "{\"a\":[1,{]}",
        "{\"a\":\"\\",
        "{\"a\":\"\\\"}",
        "{\"\\u00\":1}",
        "{\"\\q\":1}",
        "{a:1}",
        "{\"a\":\"\n\"}"
      })
  void refusesWhatIsNoObject(String json) {
    assertThrows(IOException.class, () -> JsonMembers.of(json));
  }

  @Test
  void refusesDeepNesting() {
    String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertThrows(IOException.class, () -> JsonMembers.of(deep));
  }

  @Test
  void endsForAnyInput() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String alphabet = "{}[]\",:\\u0041a1 \n";
    for (int run = 0; run < 20_000; run++) {
      StringBuilder json = new StringBuilder("{");
      for (int i = random.nextInt(24); i > 0; i--) {
        json.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        JsonMembers.of(json.toString());
      } catch (IOException expected) {
        assertEquals(IOException.class, expected.getClass());
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", input " + json, e);
      }
    }
  }
}
