package org.cocoon.worker.constraint;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.worker.constraint.Node.Reference;
import org.cocoon.worker.constraint.NumberRanges.Bounds;
import org.jspecify.annotations.Nullable;

/**
 * Compiles a JSON schema (draft 2020-12, as far as it goes) to a grammar of which every text is
 * valid under the schema. One schema, one thread.
 *
 * <p>A keyword is honoured, is an annotation, or is refused by name: what a client wrote down and
 * relies on is never left out in silence.
 */
final class SchemaCompiler {
  /** The longest schema. */
  static final int MOST_CHARS = 256 << 10;

  private static final int MOST_DEPTH = 64;
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "title",
          "description",
          "default",
          "examples",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions",
          "deprecated",
          "readOnly",
          "writeOnly");
  private static final List<String> COMBINATIONS = List.of("$ref", "anyOf", "oneOf", "allOf");
  private static final List<String> VALUES = List.of("enum", "const");

  /** Keywords by the type that they speak of. */
  private static final Map<String, Set<String>> KEYWORDS =
      Map.of(
          "object",
          Set.of(
              "properties", "required", "additionalProperties", "minProperties", "maxProperties"),
          "array",
          Set.of("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
          "string",
          Set.of("minLength", "maxLength", "pattern", "format"),
          "number",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "integer",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
          "boolean",
          Set.of(),
          "null",
          Set.of());

  private static final List<String> TYPES =
      List.of("object", "array", "string", "integer", "number", "boolean", "null");

  private static final ObjectMapper JSON =
      new ObjectMapper(
              new JsonFactoryBuilder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MOST_DEPTH)
                          .maxNumberLength(100)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private final JsonNode root;
  private final Grammar grammar;
  private final JsonText json;
  private final FreeJson free;
  private final NumberRanges numbers;
  private final StringShapes strings;
  private final CollectionShapes collections;
  private final Map<String, Reference> references = new HashMap<>();
  private final ArrayDeque<String> unresolved = new ArrayDeque<>();

  private SchemaCompiler(JsonNode root, Grammar grammar, JsonText json) {
    this.root = root;
    this.grammar = grammar;
    this.json = json;
    free = new FreeJson(grammar, json);
    numbers = new NumberRanges(grammar, json);
    strings = new StringShapes(grammar, json);
    collections = new CollectionShapes(this, grammar, json, free);
  }

  /**
   * Compiles a schema.
   *
   * @param schema JSON text
   * @throws SchemaException naming what cannot be honoured, and where
   */
  static Node compile(String schema) throws SchemaException {
    JsonNode root = parse(schema);
    Grammar grammar = new Grammar();
    try {
      Node whole = new SchemaCompiler(root, grammar, new JsonText(grammar)).compileAll("$");
      return complete(grammar, whole);
    } catch (Grammar.TooLargeException e) {
      throw tooLarge();
    }
  }

  /**
   * Compiles the calls of functions.
   *
   * @param tools JSON array as OpenAI has it
   * @param name of the one to call; empty: any
   * @param before text before each call
   * @param arguments name of the member that holds them
   * @param after text after each call
   * @throws SchemaException naming what cannot be honoured, and where
   */
  static Node compileCall(String tools, String name, String before, String arguments, String after)
      throws SchemaException {
    Grammar grammar = new Grammar();
    JsonText json = new JsonText(grammar);
    List<Node> calls = new ArrayList<>();
    try {
      JsonNode all = parse(tools);
      for (int i = 0; i < all.size(); i++) {
        JsonNode function = all.get(i).path("function");
        String called = function.path("name").asText();
        if (name.isEmpty() || name.equals(called)) {
          calls.add(
              grammar.sequence(
                  grammar.text("{\"name\": \"" + called + "\", \"" + arguments + "\": "),
                  parameters(function, "tools[" + i + "].function.parameters", grammar, json),
                  grammar.text("}")));
        }
      }
      Node any = grammar.choice(calls);
      return complete(grammar, grammar.sequence(grammar.text(before), any, grammar.text(after)));
    } catch (Grammar.TooLargeException e) {
      throw tooLarge();
    }
  }

  private static Node parameters(JsonNode function, String place, Grammar grammar, JsonText json)
      throws SchemaException {
    JsonNode parameters = function.path("parameters");
    JsonNode schema =
        parameters.isObject() ? parameters : JSON.createObjectNode().put("type", "object");
    return new SchemaCompiler(schema, grammar, json).compileAll(place);
  }

  private static JsonNode parse(String text) throws SchemaException {
    if (text.length() > MOST_CHARS) {
      throw new SchemaException("$", "a schema has at most " + MOST_CHARS + " characters");
    }
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new SchemaException(
          "$", "this is not valid JSON, has a key twice or is nested deeper than " + MOST_DEPTH);
    }
  }

  private static Node complete(Grammar grammar, Node whole) throws SchemaException {
    grammar.complete();
    if (!whole.productive()) {
      throw new SchemaException("$", "no value of finite size satisfies this schema");
    }
    return whole;
  }

  private static SchemaException tooLarge() {
    return new SchemaException(
        "$", "this schema is too large: it needs more than " + Grammar.MOST_NODES + " nodes");
  }

  /** The grammar of any JSON object. */
  static Node anyObject() {
    Grammar grammar = new Grammar();
    Node root = new FreeJson(grammar, new JsonText(grammar)).object();
    grammar.complete();
    return root;
  }

  private Node compileAll(String place) throws SchemaException {
    Node whole = compile(root, place);
    while (!unresolved.isEmpty()) {
      String pointer = unresolved.remove();
      JsonNode target = SchemaPointers.resolve(root, pointer);
      Reference reference = references.get(pointer);
      if (target == null || reference == null) {
        throw new SchemaException(pointer, "a $ref points here, and nothing is here");
      }
      reference.becomes(compile(target, SchemaPointers.place(pointer)));
    }
    return whole;
  }

  /** The values that a schema allows. */
  Node compile(JsonNode schema, String place) throws SchemaException {
    if (schema.isBoolean()) {
      return schema.booleanValue() ? free.value() : grammar.never;
    }
    if (!schema.isObject()) {
      throw new SchemaException(place, "a schema must be an object, true or false");
    }
    for (String combination : COMBINATIONS) {
      if (schema.has(combination)) {
        allowOnly(schema, place, Set.of(combination), combination);
        return combined(schema.get(combination), combination, place);
      }
    }
    for (String values : VALUES) {
      if (schema.has(values)) {
        allowOnly(schema, place, Set.of(values, "type"), values);
        return values(schema, values, place);
      }
    }
    return typed(schema, place);
  }

  private static void allowOnly(JsonNode schema, String place, Set<String> allowed, String beside)
      throws SchemaException {
    for (Map.Entry<String, JsonNode> entry : schema.properties()) {
      String keyword = entry.getKey();
      if (!allowed.contains(keyword) && !ANNOTATIONS.contains(keyword)) {
        throw new SchemaException(
            place, "'" + keyword + "' is not supported beside '" + beside + "'");
      }
    }
  }

  private Node combined(JsonNode value, String combination, String place) throws SchemaException {
    if (combination.equals("$ref")) {
      return reference(value, place);
    }
    if (!value.isArray() || value.isEmpty()) {
      throw new SchemaException(place, "'" + combination + "' must be an array of schemas");
    }
    if (combination.equals("allOf") && value.size() > 1) {
      throw new SchemaException(
          place, "'allOf' is supported with one schema only: merge them into one");
    }
    if (combination.equals("oneOf") && !new SchemaPointers(root).areDisjoint(value)) {
      throw new SchemaException(
          place,
          "'oneOf' is supported where types, or constants of a required property, tell its schemas"
              + " apart: use 'anyOf'");
    }
    List<Node> options = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      options.add(compile(value.get(i), place + "." + combination + "[" + i + "]"));
    }
    return grammar.choice(options);
  }

  private Node reference(JsonNode value, String place) throws SchemaException {
    String pointer = value.asText();
    if (!value.isTextual() || !pointer.startsWith("#")) {
      throw new SchemaException(place, "'$ref' must point into the schema itself, as #/$defs/name");
    }
    Reference known = references.get(pointer);
    if (known == null) {
      known = grammar.reference();
      references.put(pointer, known);
      unresolved.add(pointer);
    }
    return known;
  }

  private Node values(JsonNode schema, String keyword, String place) throws SchemaException {
    JsonNode given = schema.get(keyword);
    boolean isConst = keyword.equals("const");
    if (!isConst && (!given.isArray() || given.isEmpty())) {
      throw new SchemaException(place, "'enum' must be an array of at least one value");
    }
    Set<String> types = types(schema, place);
    List<Node> options = new ArrayList<>();
    for (JsonNode value : isConst ? List.of(given) : given) {
      if (types.isEmpty() || types.stream().anyMatch(type -> SchemaPointers.isOf(value, type))) {
        options.add(collections.constant(value));
      }
    }
    return grammar.choice(options);
  }

  /** The types that a schema names; empty where it names none. */
  private static Set<String> types(JsonNode schema, String place) throws SchemaException {
    Set<String> types = new LinkedHashSet<>();
    JsonNode type = schema.get("type");
    if (type == null) {
      return types;
    }
    for (JsonNode one : type.isArray() ? type : List.of(type)) {
      if (!TYPES.contains(one.asText()) || !one.isTextual()) {
        throw new SchemaException(place, "'type' must be one or several of " + TYPES);
      }
      types.add(one.textValue());
    }
    if (types.isEmpty()) {
      throw new SchemaException(place, "'type' must name at least one type");
    }
    return types;
  }

  private Node typed(JsonNode schema, String place) throws SchemaException {
    Set<String> types = new LinkedHashSet<>(types(schema, place));
    boolean named = !types.isEmpty();
    for (Map.Entry<String, JsonNode> entry : schema.properties()) {
      String keyword = entry.getKey();
      if (keyword.equals("type") || ANNOTATIONS.contains(keyword)) {
        continue;
      }
      List<String> of =
          TYPES.stream().filter(t -> KEYWORDS.getOrDefault(t, Set.of()).contains(keyword)).toList();
      if (of.isEmpty()) {
        throw new SchemaException(place, "the keyword '" + keyword + "' is not supported");
      }
      if (!named) {
        types.add(of.getLast()); // a schema that speaks of a type means it
      }
    }
    if (types.isEmpty()) {
      return free.value();
    }
    List<Node> options = new ArrayList<>();
    for (String type : types) {
      options.add(ofType(type, schema, place));
    }
    return grammar.choice(options);
  }

  private Node ofType(String type, JsonNode schema, String place) throws SchemaException {
    return switch (type) {
      case "object" -> collections.object(schema, place);
      case "array" -> collections.array(schema, place);
      case "string" -> strings.string(schema, place);
      case "integer", "number" -> number(type.equals("integer"), schema, place);
      case "boolean" -> grammar.choice(grammar.text("true"), grammar.text("false"));
      default -> grammar.text("null");
    };
  }

  private Node number(boolean isInteger, JsonNode schema, String place) throws SchemaException {
    JsonNode multiple = schema.get("multipleOf");
    boolean isOne = multiple != null && multiple.isNumber() && multiple.doubleValue() == 1;
    if (multiple != null && !(isInteger && isOne)) {
      throw new SchemaException(
          place, "'multipleOf' is not supported, but for 1 beside the type integer");
    }
    Bounds bounds =
        new Bounds(null, false, null, false)
            .atLeast(bound(schema, "minimum", place), false)
            .atLeast(bound(schema, "exclusiveMinimum", place), true)
            .atMost(bound(schema, "maximum", place), false)
            .atMost(bound(schema, "exclusiveMaximum", place), true);
    if (bounds.isUnbounded()) {
      return isInteger ? json.integer : json.number;
    }
    if (!bounds.fits()) {
      throw new SchemaException(
          place, "a bound of a number has at most 18 digits before its point");
    }
    return isInteger ? numbers.integers(bounds) : numbers.numbers(bounds);
  }

  private static @Nullable BigDecimal bound(JsonNode schema, String keyword, String place)
      throws SchemaException {
    JsonNode value = schema.get(keyword);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw new SchemaException(place, "'" + keyword + "' must be a number");
    }
    return value.decimalValue();
  }

  /** A count that a schema gives, such as minItems. */
  static int count(JsonNode schema, String keyword, int absent, String place)
      throws SchemaException {
    JsonNode value = schema.get(keyword);
    if (value == null) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
      throw new SchemaException(place, "'" + keyword + "' must be a whole number, at least 0");
    }
    return value.intValue();
  }
}
