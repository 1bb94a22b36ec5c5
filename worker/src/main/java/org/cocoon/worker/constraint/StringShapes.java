package org.cocoon.worker.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeSet;

/** The grammar of strings by length, pattern or format. */
final class StringShapes {
  private static final int MOST_LENGTH = 1_000_000;
  private static final String DATE =
      "[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))";

  /**
   * Without -00, which RFC 3339 has for an unknown zone, ISO 8601 forbids and many readers refuse.
   */
  private static final String OFFSET =
      "(?:Z|\\+(?:0[0-9]|1[0-3]):[0-5][0-9]|-(?:0[1-9]|1[0-3]):[0-5][0-9])";

  private static final String TIME =
      "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?" + OFFSET;
  private static final String LABEL = "[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?";
  private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,3}\\.[a-z]{2,12}";
  private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

  /** Formats (draft 2020-12, section 7.3) as patterns; each allows fewer texts than its RFC. */
  private static final Map<String, String> FORMATS =
      Map.of(
          "date",
          DATE,
          "time",
          TIME,
          "date-time",
          "(?:" + DATE + ")T" + TIME,
          "duration",
          "P(?:[1-9][0-9]{0,2}D(?:T[1-9][0-9]{0,2}H)?|T[1-9][0-9]{0,2}[HMS])",
          "uuid",
          "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
          "email",
          "[A-Za-z0-9_+-]{1,24}(?:\\.[A-Za-z0-9_+-]{1,12}){0,3}@" + HOST,
          "hostname",
          HOST,
          "ipv4",
          BYTE + "(?:\\." + BYTE + "){3}",
          "ipv6",
          "(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}",
          "uri",
          "https?://" + HOST + "(?:/[A-Za-z0-9_.~-]{1,64}){0,8}");

  private final Grammar grammar;
  private final JsonText json;

  StringShapes(Grammar grammar, JsonText json) {
    this.grammar = grammar;
    this.json = json;
  }

  Node string(JsonNode schema, String place) throws SchemaException {
    int least = SchemaCompiler.count(schema, "minLength", 0, place);
    int most = SchemaCompiler.count(schema, "maxLength", Node.Repeat.UNBOUNDED, place);
    if (least > most || least > MOST_LENGTH) {
      throw new SchemaException(
          place, "'minLength' must be at most 'maxLength', and at most " + MOST_LENGTH);
    }
    boolean hasLength = least > 0 || most < Node.Repeat.UNBOUNDED;
    if (schema.has("pattern")) {
      if (hasLength || schema.has("format")) {
        throw new SchemaException(
            place, "'pattern' is not supported beside a length or a format: put it all into one");
      }
      return pattern(schema.get("pattern"), place);
    }
    if (schema.has("format")) {
      String form = FORMATS.get(schema.get("format").asText());
      if (form == null || hasLength) {
        throw new SchemaException(
            place, "'format' is supported alone, as one of " + new TreeSet<>(FORMATS.keySet()));
      }
      return json.quoted(PatternReader.read(grammar, json, "^(?:" + form + ")$"));
    }
    return json.string(least, most);
  }

  private Node pattern(JsonNode pattern, String place) throws SchemaException {
    if (!pattern.isTextual()) {
      throw new SchemaException(place, "'pattern' must be a string");
    }
    try {
      return json.quoted(PatternReader.read(grammar, json, pattern.textValue()));
    } catch (PatternReader.Refused e) {
      throw new SchemaException(place, "'pattern': " + e.fault());
    }
  }
}
