package org.cocoon.worker.constraint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.util.stream.Collectors;

/** A second opinion about answers: Jackson parses them, and another validator judges them. */
public final class Answers {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
  private static final JsonSchemaFactory FACTORY =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  private Answers() {}

  /** Why a text is not valid under a schema; empty where it is. */
  public static String faults(String schema, String answer) {
    try {
      JsonNode value = JSON.readTree(answer);
      JsonSchema judge =
          FACTORY.getSchema(
              JSON.readTree(schema),
              SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build());
      return judge.validate(value).stream().map(Object::toString).collect(Collectors.joining("; "));
    } catch (JsonProcessingException e) {
      return "not JSON: " + e.getOriginalMessage();
    }
  }

  /** Tokens that are single bytes, token 0 ends. */
  static Tokens bytes() {
    return new Tokens(257, t -> t == 0 ? new byte[0] : new byte[] {(byte) (t - 1)}, t -> t == 0);
  }

  /** Whether a form takes this text as a whole. */
  static boolean takes(Constraint form, String text) {
    Progress progress = form.begin();
    for (byte next : text.getBytes(UTF_8)) {
      int token = (next & 0xFF) + 1;
      boolean allowed = Tokens.allows(progress.allowed(), token);
      if (allowed != progress.accept(token)) {
        throw new AssertionError("mask and automaton disagree before " + next + " of " + text);
      }
      if (!allowed) {
        return false;
      }
    }
    return progress.isWhole();
  }
}
