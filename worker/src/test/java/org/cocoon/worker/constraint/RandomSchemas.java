package org.cocoon.worker.constraint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Schemas such as applications send, drawn at random: every supported keyword at some time, and
 * bounds that keep an answer short even where each of its tokens is drawn at random.
 */
public final class RandomSchemas {
  private static final List<String> NAMES =
      List.of("id", "name", "name_of", "größe", "a \"quoted\" one", "tags", "kind", "价格", "x", "");
  private static final List<String> PATTERNS =
      List.of(
          "^[A-Z]{2}-[0-9]{3,5}$",
          "^(?:red|green|blue)(?: (?:light|dark))?$",
          "^\\d+(?:\\.\\d{1,2})?$",
          "^[^\\s\"<>]{1,12}$",
          "^\\w{1,8}@\\w{1,8}\\.(com|org)$",
          "^\\S.{0,10}\\S$");
  private static final List<String> FORMATS =
      List.of("date", "date-time", "time", "uuid", "ipv4", "ipv6", "hostname", "duration");

  private final RandomGenerator random;
  private final JsonNodeFactory json = JsonNodeFactory.instance;
  private boolean recursive;

  private RandomSchemas(long seed) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** The schema of a seed. */
  public static ObjectNode of(long seed) {
    return new RandomSchemas(seed).root();
  }

  private ObjectNode root() {
    recursive = random.nextInt(6) == 0;
    ObjectNode root = object(3);
    if (recursive) {
      ObjectNode node = json.objectNode().put("type", "object");
      ObjectNode properties = node.putObject("properties");
      properties.putObject("value").put("type", "integer");
      ArrayNode next = properties.putObject("next").putArray("anyOf");
      next.addObject().put("type", "null");
      next.addObject().put("$ref", "#/$defs/node");
      node.putArray("required").add("value").add("next");
      node.put("additionalProperties", false);
      root.putObject("$defs").set("node", node);
    }
    return root;
  }

  private ObjectNode value(int depth) {
    int kind = random.nextInt(depth > 0 ? 14 : 10);
    return switch (kind) {
      case 0, 1 -> string();
      case 2 -> integer();
      case 3 -> number();
      case 4 -> json.objectNode().put("type", "boolean");
      case 5 -> constants();
      case 6 ->
          json.objectNode().set("type", json.arrayNode().add("string").add("null"))
                  instanceof ObjectNode both
              ? both.put("maxLength", 20)
              : string();
      case 7 -> json.objectNode().put("type", "null");
      case 8 -> recursive ? json.objectNode().put("$ref", "#/$defs/node") : string();
      case 9 -> pattern();
      case 10 -> object(depth - 1);
      case 11, 12 -> array(depth - 1);
      default -> anyOf(depth - 1);
    };
  }

  private ObjectNode string() {
    ObjectNode schema = json.objectNode().put("type", "string");
    int least = random.nextInt(4);
    schema.put("maxLength", least + random.nextInt(30));
    return random.nextBoolean() ? schema.put("minLength", least) : schema;
  }

  private ObjectNode pattern() {
    ObjectNode schema = json.objectNode().put("type", "string");
    return random.nextBoolean()
        ? schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())))
        : schema.put("format", FORMATS.get(random.nextInt(FORMATS.size())));
  }

  private ObjectNode integer() {
    ObjectNode schema = json.objectNode().put("type", "integer");
    int least = random.nextInt(-2_000, 2_000);
    switch (random.nextInt(4)) {
      case 0 -> schema.put("minimum", least).put("maximum", least + random.nextInt(5_000));
      case 1 -> schema.put("exclusiveMinimum", least);
      case 2 -> schema.put("maximum", least);
      default -> {}
    }
    return schema;
  }

  private ObjectNode number() {
    ObjectNode schema = json.objectNode().put("type", "number");
    double least = random.nextInt(-100, 100) / 8.0;
    switch (random.nextInt(4)) {
      case 0 -> schema.put("minimum", least).put("maximum", least + random.nextInt(40) / 10.0);
      case 1 -> schema.put("exclusiveMinimum", least).put("exclusiveMaximum", least + 1);
      case 2 -> schema.put("maximum", least);
      default -> {}
    }
    return schema;
  }

  private ObjectNode constants() {
    if (random.nextInt(4) == 0) {
      ObjectNode schema = json.objectNode();
      schema.putObject("const").put("fixed", "ä\n\"").putArray("list").add(1).add(2.5).addNull();
      return schema;
    }
    ObjectNode schema = json.objectNode();
    ArrayNode values = schema.putArray("enum");
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      values.add("option " + random.nextInt(20));
    }
    return random.nextBoolean() ? schema : schemaWith(schema, values);
  }

  private static ObjectNode schemaWith(ObjectNode schema, ArrayNode values) {
    values.add(7).addNull().add(true);
    return schema;
  }

  private ObjectNode object(int depth) {
    ObjectNode schema = json.objectNode().put("type", "object").put("description", "anything");
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = schema.putArray("required");
    for (int i = random.nextInt(6); i > 0; i--) {
      String name = NAMES.get(random.nextInt(NAMES.size()));
      if (!properties.has(name)) {
        properties.set(name, value(depth));
        if (random.nextBoolean()) {
          required.add(name);
        }
      }
    }
    switch (random.nextInt(5)) {
      case 0, 1, 2 -> schema.put("additionalProperties", false);
      case 3 -> schema.set("additionalProperties", integer());
      default -> {}
    }
    return schema;
  }

  private ObjectNode array(int depth) {
    ObjectNode schema = json.objectNode().put("type", "array");
    int least = random.nextInt(3);
    schema.set("items", value(depth));
    schema.put("minItems", least).put("maxItems", least + random.nextInt(4));
    if (random.nextInt(4) == 0) {
      schema.putArray("prefixItems").add(value(0)).add(value(0));
    }
    return schema;
  }

  private ObjectNode anyOf(int depth) {
    ObjectNode schema = json.objectNode();
    boolean one = random.nextInt(3) == 0;
    ArrayNode options = schema.putArray(one ? "oneOf" : "anyOf");
    options.add(object(depth));
    options.add(one ? json.objectNode().put("type", "boolean") : value(depth));
    if (!one && random.nextBoolean()) {
      options.addObject().put("type", "null");
    }
    return schema;
  }
}
