package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.junit.jupiter.api.Test;

class ErrorTableTest {
  /** The documented table: what a client sees of each kind, and whether it should try again. */
  private static final Map<Kind, String> DOCUMENTED = new EnumMap<>(Kind.class);

  static {
    DOCUMENTED.put(Kind.BAD_REQUEST, "400 no");
    DOCUMENTED.put(Kind.UNAUTHORIZED, "401 no");
    DOCUMENTED.put(Kind.INSUFFICIENT_BALANCE, "402 no");
    DOCUMENTED.put(Kind.INVALID_STATEMENT, "400 no");
    DOCUMENTED.put(Kind.NO_SETTLEMENT, "404 no");
    DOCUMENTED.put(Kind.NO_CHANNEL, "404 no");
    DOCUMENTED.put(Kind.CHANNEL_TAKEN, "409 no");
    DOCUMENTED.put(Kind.WITHDRAWAL_STATE, "409 no");
    DOCUMENTED.put(Kind.UNKNOWN_KEY, "404 no");
    DOCUMENTED.put(Kind.KEY_REFUSED, "409 no");
    DOCUMENTED.put(Kind.TOO_MANY_ACCOUNTS, "429 retry");
    DOCUMENTED.put(Kind.UNKNOWN_MODEL, "404 no");
    DOCUMENTED.put(Kind.NOT_FOUND, "404 no");
    DOCUMENTED.put(Kind.METHOD_NOT_ALLOWED, "405 no");
    DOCUMENTED.put(Kind.SEALED_KEY_UNKNOWN, "409 no");
    DOCUMENTED.put(Kind.BODY_TIMEOUT, "408 retry");
    DOCUMENTED.put(Kind.BODY_TOO_LARGE, "413 no");
    DOCUMENTED.put(Kind.PROMPT_TOO_LONG, "413 no");
    DOCUMENTED.put(Kind.TOO_MANY_IN_FLIGHT, "429 retry");
    DOCUMENTED.put(Kind.QUEUE_FULL, "429 retry");
    DOCUMENTED.put(Kind.DEADLINE, "408 retry");
    DOCUMENTED.put(Kind.NO_FIRST_TOKEN, "504 retry");
    DOCUMENTED.put(Kind.CLIENT_STALLED, "408 no");
    DOCUMENTED.put(Kind.WORKER_FAILED, "502 retry");
    DOCUMENTED.put(Kind.NO_WORKER, "503 retry");
    DOCUMENTED.put(Kind.DRAINING, "503 retry");
    DOCUMENTED.put(Kind.LEDGER_UNAVAILABLE, "503 retry");
    DOCUMENTED.put(Kind.INTERNAL, "500 retry");
  }

  @Test
  void everyKindHasItsDocumentedStatusAndACodeOfItsOwn() {
    Set<String> codes = new HashSet<>();
    for (Kind kind : Kind.values()) {
      ErrorTable.Row row = ErrorTable.row(kind);
      assertEquals(
          DOCUMENTED.get(kind), row.status() + (row.retry() ? " retry" : " no"), kind.name());
      assertTrue(codes.add(row.code()), "two kinds have the code " + row.code());
    }
  }

  @Test
  void theBodyIsOpenAisShapeWhateverTheMessageHolds() throws Exception {
    String message = "quotes \" and \\ and \n and \u0000 and \u20ac";
    JsonNode error =
        new ObjectMapper()
            .readTree(ErrorTable.json(Refusal.ofParam(Kind.BAD_REQUEST, "a\"b", message)))
            .get("error");
    assertEquals(message, error.get("message").textValue());
    assertEquals("a\"b", error.get("param").textValue());
    assertEquals("invalid_request_error", error.get("type").textValue());
    JsonNode without =
        new ObjectMapper().readTree(ErrorTable.json(Refusal.of(Kind.INTERNAL, "x"))).get("error");
    assertTrue(without.get("param").isNull() && without.has("param"));
  }
}
