package org.cocoon.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A parsed JSON value that answers for missing parts too, so that a chain of {@link #at} never
 * fails. Built on Jackson's streaming core: the data binding would cost a tenth of a second of
 * every command's start.
 */
public final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Json MISSING = new Json(null);

  /** No value: what a missing field is. */
  public static final Json NONE = MISSING;

  /** Writes one JSON text. */
  @FunctionalInterface
  public interface Body {
    void write(JsonGenerator out) throws IOException;
  }

  /** A map, a list, a string, a number or a boolean; null for JSON's null and for what is not. */
  private final @Nullable Object value;

  private Json(@Nullable Object value) {
    this.value = value;
  }

  /** Parses one JSON text in UTF-8; throws IOException where it is none. */
  public static Json parse(byte[] bytes, int length) throws IOException {
    try (JsonParser parser = FACTORY.createParser(bytes, 0, length)) {
      parser.nextToken();
      return new Json(read(parser));
    }
  }

  /** Renders one JSON text. */
  public static String render(Body body) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      body.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException("a StringWriter does not fail", e);
    }
    return text.toString();
  }

  private static @Nullable Object read(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new IOException("no JSON here");
    }
    return switch (token) {
      case START_OBJECT -> readObject(parser);
      case START_ARRAY -> readArray(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getNumberValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      case FIELD_NAME, END_OBJECT, END_ARRAY, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
          throw new IOException("unexpected " + token);
    };
  }

  private static Map<String, Json> readObject(JsonParser parser) throws IOException {
    Map<String, Json> fields = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      fields.put(name, new Json(read(parser)));
    }
    return fields;
  }

  private static List<Json> readArray(JsonParser parser) throws IOException {
    List<Json> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(new Json(read(parser)));
    }
    return items;
  }

  /** The field of this name; a missing value where there is none. */
  public Json at(String name) {
    return value instanceof Map<?, ?> fields && fields.get(name) instanceof Json field
        ? field
        : MISSING;
  }

  /** The first item of a list; a missing value where there is none. */
  public Json first() {
    List<Json> items = items();
    return items.isEmpty() ? MISSING : items.getFirst();
  }

  /** The items of a list; empty for everything else. */
  public List<Json> items() {
    List<Json> items = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object item : list) {
        items.add((Json) Objects.requireNonNull(item));
      }
    }
    return items;
  }

  /** Whether there is a value other than null. */
  public boolean isPresent() {
    return value != null;
  }

  /** The text; numbers and booleans as JSON writes them; what is given where there is none. */
  public String text(String otherwise) {
    return value instanceof String || value instanceof Number || value instanceof Boolean
        ? value.toString()
        : otherwise;
  }

  /** The number cut to a whole one; what is given where there is none. */
  public long number(long otherwise) {
    return value instanceof Number number ? number.longValue() : otherwise;
  }

  /** The number; what is given where there is none. */
  public double decimal(double otherwise) {
    return value instanceof Number number ? number.doubleValue() : otherwise;
  }

  /** The whole number, exactly; nothing where there is none, or one beyond 64 bits. */
  public OptionalLong whole() {
    return value instanceof Integer || value instanceof Long
        ? OptionalLong.of(((Number) value).longValue())
        : OptionalLong.empty();
  }

  /** Writes the value as it was read; null where there is none. */
  public void write(JsonGenerator out) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<String, Json> field : fields().entrySet()) {
          out.writeFieldName(field.getKey());
          field.getValue().write(out);
        }
        out.writeEndObject();
      }
      case List<?> list -> {
        out.writeStartArray();
        for (Json item : items()) {
          item.write(out);
        }
        out.writeEndArray();
      }
      default -> out.writePOJO(value);
    }
  }

  /** Whether it says true. */
  public boolean isTrue() {
    return Boolean.TRUE.equals(value);
  }

  /** The names and values of an object, in their order; empty for everything else. */
  public Map<String, Json> fields() {
    Map<String, Json> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, field) -> fields.put(String.valueOf(name), (Json) field));
    }
    return fields;
  }

  /** Whether this is a number. */
  public boolean isNumber() {
    return value instanceof Number;
  }
}
