package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceBookTest {
  @Test
  void pricesModelsAndAllTheOthers() {
    PriceBook book =
        PriceBook.parse(
            """
            {"default": {"prompt": 5, "cached_prompt": 1, "completion": 20, "reasoning": 30},
             "models": {"small": {"prompt": 2, "completion": 3}}}
            """);
    assertEquals(new Price(2, 2, 3, 3), book.of("small"));
    assertEquals(new Price(5, 1, 20, 30), book.of("another"));
    assertEquals(book, PriceBook.parse(book.toJson()));
    PriceBook odd = new PriceBook(Map.of("a\"b\\ü", Price.perMillion(7)), Price.perMillion(1));
    assertEquals(odd, PriceBook.parse(odd.toJson()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                                        | default",
        "[]                                                        | object",
        "{\"default\": 3}                                          | default.prompt",
        "{\"default\": {\"prompt\": 1}}                            | default.completion",
        "{\"default\": {\"prompt\": -1, \"completion\": 1}}        | default.prompt",
        "{\"default\": {\"prompt\": 1.5, \"completion\": 1}}       | default.prompt",
        "{\"default\": {\"prompt\": \"1\", \"completion\": 1}}     | default.prompt",
        "{\"default\": {\"prompt\": 1e15, \"completion\": 1}}      | default.prompt",
        "{\"default\": {\"prompt\": 1000000000000001, \"completion\": 1}} | default.prompt",
        "{\"default\": {\"prompt\": 1, \"completion\": 1, \"x\": 1}}  | default.x",
        "{\"default\": {\"prompt\": 1, \"completion\": 1}, \"y\": 1}  | unknown key y",
        "{\"default\": {\"prompt\": 1, \"prompt\": 1, \"completion\": 1}} | Duplicate",
        "{\"default\": {\"prompt\": 1, \"completion\": 1}          | not JSON",
        "{\"models\": {\"m\": {\"prompt\": 1}}}                    | models.m.completion",
      })
  void refusesAnythingElseByName(String json, String named) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> PriceBook.parse(json));
    assertTrue(String.valueOf(refused.getMessage()).contains(named), refused.getMessage());
  }
}
