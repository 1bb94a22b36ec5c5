package org.cocoon.worker.constraint;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Looks into a schema: where a reference points, and whether schemas can be told apart.
 *
 * @param root of the schema
 */
record SchemaPointers(JsonNode root) {
  private static final int MOST_STEPS = 16;

  /** The schema at {@code #/...} (RFC 6901, section 6), or null where there is none. */
  static @Nullable JsonNode resolve(JsonNode root, String reference) {
    try {
      String pointer =
          URLDecoder.decode(reference.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
      JsonNode found = root.at(JsonPointer.compile(pointer));
      return found instanceof MissingNode ? null : found;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  static String place(String reference) {
    return reference.length() > 1 ? "$" + reference.substring(1).replace('/', '.') : "$";
  }

  /** Whether a value is of a type. */
  static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      case "integer" -> value.isIntegralNumber();
      default -> value.isNumber();
    };
  }

  /** Whether no value can satisfy two of these schemas, as far as can be seen. */
  boolean areDisjoint(JsonNode schemas) {
    for (int i = 0; i < schemas.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (!areDisjoint(target(schemas.get(i)), target(schemas.get(j)))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean areDisjoint(JsonNode one, JsonNode other) {
    List<String> types = types(one);
    List<String> otherTypes = types(other);
    if (!types.isEmpty() && !otherTypes.isEmpty()) {
      if (types.stream().noneMatch(otherTypes::contains)) {
        return true;
      }
    }
    List<JsonNode> values = values(one);
    List<JsonNode> otherValues = values(other);
    if (!values.isEmpty() && !otherValues.isEmpty()) {
      return values.stream().noneMatch(value -> equalsAny(value, otherValues));
    }
    return types.equals(List.of("object"))
        && otherTypes.equals(List.of("object"))
        && hasTellingProperty(one, other);
  }

  /** Whether both demand a property of which they take different constants. */
  private boolean hasTellingProperty(JsonNode one, JsonNode other) {
    for (JsonNode name : one.path("required")) {
      boolean both = false;
      for (JsonNode otherName : other.path("required")) {
        both |= name.equals(otherName);
      }
      List<JsonNode> values = values(target(one.path("properties").path(name.asText())));
      List<JsonNode> others = values(target(other.path("properties").path(name.asText())));
      if (both
          && !values.isEmpty()
          && !others.isEmpty()
          && values.stream().noneMatch(value -> equalsAny(value, others))) {
        return true;
      }
    }
    return false;
  }

  private static boolean equalsAny(JsonNode value, List<JsonNode> others) {
    for (JsonNode other : others) {
      boolean bothNumbers = value.isNumber() && other.isNumber();
      boolean bothContainers = value.isContainerNode() && other.isContainerNode();
      boolean equal =
          bothNumbers
              ? value.decimalValue().compareTo(other.decimalValue()) == 0
              : value.equals(other);
      if (equal || bothContainers) {
        return true;
      }
    }
    return false;
  }

  private static List<String> types(JsonNode schema) {
    List<String> types = new ArrayList<>();
    JsonNode given = schema.path("type");
    if (given.isTextual()) {
      types.add(given.textValue());
    }
    given.forEach(type -> types.add(type.asText()));
    if (types.contains("number")) {
      types.add("integer"); // an integer is a number
    }
    return types;
  }

  private static List<JsonNode> values(JsonNode schema) {
    List<JsonNode> values = new ArrayList<>();
    if (schema.has("const")) {
      values.add(schema.get("const"));
    }
    schema.path("enum").forEach(values::add);
    return values;
  }

  private JsonNode target(JsonNode schema) {
    JsonNode at = schema;
    for (int i = 0; i < MOST_STEPS && at.path("$ref").isTextual(); i++) {
      JsonNode next = resolve(root, at.get("$ref").textValue());
      at = next == null ? MissingNode.getInstance() : next;
    }
    return at;
  }
}
