package org.cocoon.link.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object from a caller, read field by field. Each reader checks type and range and names the
 * field that is wrong; null counts as absent.
 */
public final class Fields {
  private static final int DEPTH = 64;

  private static final ObjectMapper MAPPER =
      new ObjectMapper(strictFactory())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private static JsonFactory strictFactory() {
    return new JsonFactoryBuilder()
        // Recycled buffers would keep prompts for as long as the thread that parsed them lives.
        .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .streamReadConstraints(
            StreamReadConstraints.builder().maxNestingDepth(DEPTH).maxNumberLength(100).build())
        .build();
  }

  private final JsonNode object;
  private final String path;
  private final Set<String> read = new HashSet<>();

  private Fields(JsonNode object, String path) {
    this.object = object;
    this.path = path;
  }

  /**
   * Parses a body: UTF-8 JSON, one object, no key twice, nested at most {@value #DEPTH} deep.
   *
   * @throws BadRequestException if it is not that
   */
  public static Fields parse(byte[] body) {
    JsonNode node;
    try {
      node = MAPPER.readTree(body);
    } catch (JsonProcessingException e) {
      // The parser's own message may quote the body, so only the place is told.
      throw bad(
          null,
          "The body is not valid JSON%s: %s."
              .formatted(
                  e.getLocation() == null
                      ? ""
                      : " (line %d, column %d)"
                          .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr()),
                  reason(e)));
    } catch (IOException e) {
      throw bad(null, "The body is not valid UTF-8 JSON.");
    }
    if (node == null || !node.isObject()) {
      throw bad(null, "The body must be a JSON object.");
    }
    return new Fields(node, "");
  }

  private static String reason(JsonProcessingException e) {
    String message = e.getOriginalMessage();
    if (message.startsWith("Duplicate field")) {
      return "a key stands twice in one object";
    }
    if (message.contains("nesting depth")) {
      return "nested deeper than " + DEPTH;
    }
    if (message.contains("end-of-input") || message.contains("end of input")) {
      return "it ends too early";
    }
    return "unexpected character or value";
  }

  /** Fields of an object inside of a body, at this path. */
  public static Fields of(JsonNode object, String path) {
    if (!object.isObject()) {
      throw bad(path, "'%s' must be an object.".formatted(path));
    }
    return new Fields(object, path + ".");
  }

  /** A mistake in this field, or in the body as a whole. */
  public static BadRequestException bad(@Nullable String param, String message) {
    return new BadRequestException(message, param);
  }

  /** The raw value, or null where it is absent or null. */
  public @Nullable JsonNode node(String name) {
    read.add(name);
    JsonNode node = object.get(name);
    return node == null || node.isNull() ? null : node;
  }

  /** A mistake in this field, which should be what is said. */
  public BadRequestException wrong(String name, String shouldBe) {
    return bad(path + name, "'%s%s' must be %s.".formatted(path, name, shouldBe));
  }

  /** A string of at most so many UTF-16 units, or null where it is absent. */
  public @Nullable String string(String name, int maxLength) {
    JsonNode node = node(name);
    if (node == null) {
      return null;
    }
    if (!node.isTextual() || node.textValue().length() > maxLength) {
      throw wrong(name, "a string of at most %d characters".formatted(maxLength));
    }
    return node.textValue();
  }

  /** True or false; false where it is absent. */
  public boolean flag(String name) {
    JsonNode node = node(name);
    if (node == null) {
      return false;
    }
    if (!node.isBoolean()) {
      throw wrong(name, "true or false");
    }
    return node.booleanValue();
  }

  /** A whole number in a range, both ends in it. */
  public long integer(String name, long least, long most, long absent) {
    JsonNode node = node(name);
    if (node == null) {
      return absent;
    }
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw wrong(name, "an integer from %d to %d".formatted(least, most));
    }
    long value = node.longValue();
    if (value < least || value > most) {
      throw wrong(name, "an integer from %d to %d".formatted(least, most));
    }
    return value;
  }

  /** A number in a range, both ends in it. */
  public double number(String name, double least, double most, double absent) {
    JsonNode node = node(name);
    if (node == null) {
      return absent;
    }
    double value = node.isNumber() ? node.doubleValue() : Double.NaN;
    if (!(value >= least && value <= most)) {
      throw wrong(name, "a number from %s to %s".formatted(trim(least), trim(most)));
    }
    return value;
  }

  private static String trim(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  /** Refuses fields that nobody read. */
  public void refuseUnread() {
    for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!read.contains(name)) {
        throw bad(path + name, "'%s%s' is not a known field.".formatted(path, name));
      }
    }
  }
}
