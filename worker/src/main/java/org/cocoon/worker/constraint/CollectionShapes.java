package org.cocoon.worker.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of objects and arrays.
 *
 * <p>Members stand in the schema's order, as OpenAI's structured outputs have it. An object whose
 * schema lists properties holds no others unless {@code additionalProperties} says so; one that
 * lists none is free.
 */
final class CollectionShapes {
  /** Of a name that the schema does not give. */
  private static final int MOST_NAME = 64;

  private final SchemaCompiler compiler;
  private final Grammar grammar;
  private final JsonText json;
  private final FreeJson free;

  CollectionShapes(SchemaCompiler compiler, Grammar grammar, JsonText json, FreeJson free) {
    this.compiler = compiler;
    this.grammar = grammar;
    this.json = json;
    this.free = free;
  }

  // ------------------------------------------------------------------ objects

  Node object(JsonNode schema, String place) throws SchemaException {
    Map<String, JsonNode> properties = properties(schema, place);
    JsonNode additional = schema.get("additionalProperties");
    boolean lists = schema.has("properties") || schema.has("required");
    Node others =
        additional == null
            ? unlisted(lists)
            : compiler.compile(additional, place + ".additionalProperties");
    boolean closed = additional != null ? additional.isBoolean() && !additional.asBoolean() : lists;
    Set<String> required = required(schema, place);
    Map<String, Node> members = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : properties.entrySet()) {
      String name = property.getKey();
      Node value = compiler.compile(property.getValue(), place + ".properties." + name);
      members.put(name, json.member(json.quoted(escaped(name)), value));
    }
    for (String name : required) {
      if (!members.containsKey(name)) {
        Node value = additional == null ? free.value() : others;
        members.put(name, json.member(json.quoted(escaped(name)), value));
      }
    }
    checkCounts(schema, required.size(), members.size(), closed, place);
    Node rest = closed ? grammar.never : json.member(nameBut(members.keySet()), others);
    return json.enclosed("{", members(members, required, rest), "}");
  }

  /** What a member may be that the schema does not speak of: nothing where it lists some. */
  private Node unlisted(boolean lists) {
    return lists ? grammar.never : free.value();
  }

  private Node escaped(String name) {
    return grammar.text(JsonText.escaped(name));
  }

  private static Map<String, JsonNode> properties(JsonNode schema, String place)
      throws SchemaException {
    Map<String, JsonNode> properties = new LinkedHashMap<>();
    JsonNode given = schema.get("properties");
    if (given == null) {
      return properties;
    }
    if (!given.isObject()) {
      throw new SchemaException(place, "'properties' must be an object");
    }
    given.properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue()));
    return properties;
  }

  private static Set<String> required(JsonNode schema, String place) throws SchemaException {
    Set<String> required = new LinkedHashSet<>();
    JsonNode given = schema.get("required");
    if (given == null) {
      return required;
    }
    if (!given.isArray()) {
      throw new SchemaException(place, "'required' must be an array of names");
    }
    for (JsonNode name : given) {
      if (!name.isTextual()) {
        throw new SchemaException(place, "'required' must be an array of names");
      }
      required.add(name.textValue());
    }
    return required;
  }

  /** Counts of properties are honoured where the other keywords see to them already. */
  private static void checkCounts(
      JsonNode schema, int required, int members, boolean closed, String place)
      throws SchemaException {
    int least = SchemaCompiler.count(schema, "minProperties", 0, place);
    int most = SchemaCompiler.count(schema, "maxProperties", Integer.MAX_VALUE, place);
    if (least > required) {
      throw new SchemaException(
          place, "'minProperties' is supported up to the number of required properties");
    }
    if (most < Integer.MAX_VALUE && (!closed || most < members)) {
      throw new SchemaException(
          place,
          "'maxProperties' is supported from the number of properties on, without additional ones");
    }
  }

  /**
   * Members in order, made from the last to the first: after each, what follows where something
   * stands before it, and where nothing does.
   */
  private Node members(Map<String, Node> members, Set<String> required, Node other) {
    Node followed = grammar.repeat(grammar.sequence(json.comma(), other), 0, Node.Repeat.UNBOUNDED);
    Node fresh = grammar.optional(grammar.sequence(other, followed));
    List<Map.Entry<String, Node>> all = new ArrayList<>(members.entrySet());
    for (Map.Entry<String, Node> entry : all.reversed()) {
      Node member = entry.getValue();
      Node thisFollowed = grammar.sequence(json.comma(), member, followed);
      Node thisFresh = grammar.sequence(member, followed);
      boolean isRequired = required.contains(entry.getKey());
      fresh = isRequired ? thisFresh : grammar.choice(thisFresh, fresh);
      followed = isRequired ? thisFollowed : grammar.choice(thisFollowed, followed);
    }
    return fresh;
  }

  /** A name of an object's member that is none of these; without escapes, so that none hides. */
  private Node nameBut(Set<String> names) {
    Trie trie = new Trie();
    for (String name : names) {
      trie.add(name.codePoints().toArray());
    }
    return json.quoted(but(trie, MOST_NAME));
  }

  /** Names by their characters. */
  private static final class Trie {
    final Map<Integer, Trie> children = new TreeMap<>();
    boolean ends;

    void add(int[] name) {
      Trie at = this;
      for (int character : name) {
        at = at.children.computeIfAbsent(character, key -> new Trie());
      }
      at.ends = true;
    }
  }

  private static final CodePoints NAME_CHARACTERS =
      CodePoints.of(0x20, Character.MAX_CODE_POINT)
          .without(CodePoints.of('"'))
          .without(CodePoints.of('\\'));

  private Node but(Trie trie, int room) {
    List<Node> options = new ArrayList<>();
    CodePoints others = NAME_CHARACTERS;
    for (Map.Entry<Integer, Trie> child : trie.children.entrySet()) {
      CodePoints character = CodePoints.of(child.getKey()).intersection(NAME_CHARACTERS);
      others = others.without(character);
      if (!character.isEmpty() && room > 1) {
        options.add(grammar.sequence(character.inString(grammar), but(child.getValue(), room - 1)));
      }
    }
    options.add(
        grammar.sequence(
            others.inString(grammar),
            grammar.repeat(NAME_CHARACTERS.inString(grammar), 0, room - 1)));
    if (!trie.ends) {
      options.add(grammar.nothing);
    }
    return grammar.choice(options);
  }

  // ------------------------------------------------------------------ arrays

  Node array(JsonNode schema, String place) throws SchemaException {
    int least = SchemaCompiler.count(schema, "minItems", 0, place);
    int most = SchemaCompiler.count(schema, "maxItems", Node.Repeat.UNBOUNDED, place);
    if (least > most) {
      throw new SchemaException(place, "'minItems' must be at most 'maxItems'");
    }
    JsonNode unique = schema.get("uniqueItems");
    if (unique != null && !(unique.isBoolean() && !unique.booleanValue())) {
      throw new SchemaException(place, "the keyword 'uniqueItems' is not supported");
    }
    List<Node> first = prefix(schema.get("prefixItems"), place);
    Node rest = items(schema.get("items"), !first.isEmpty(), place);
    return json.enclosed("[", items(first, rest, least, most), "]");
  }

  private List<Node> prefix(@Nullable JsonNode given, String place) throws SchemaException {
    List<Node> prefix = new ArrayList<>();
    if (given != null) {
      if (!given.isArray()) {
        throw new SchemaException(place, "'prefixItems' must be an array of schemas");
      }
      for (int i = 0; i < given.size(); i++) {
        prefix.add(compiler.compile(given.get(i), place + ".prefixItems[" + i + "]"));
      }
    }
    return prefix;
  }

  private Node items(@Nullable JsonNode given, boolean hasPrefix, String place)
      throws SchemaException {
    if (given == null) {
      return hasPrefix ? grammar.never : free.value();
    }
    if (given.isArray()) {
      throw new SchemaException(place, "'items' must be one schema: use 'prefixItems' for several");
    }
    return compiler.compile(given, place + ".items");
  }

  private Node items(List<Node> first, Node rest, int least, int most) {
    int prefix = Math.min(first.size(), most);
    int left = most == Node.Repeat.UNBOUNDED ? most : most - prefix;
    int owed = Math.max(least - prefix, 0);
    if (prefix == 0) {
      return several(rest, owed, left);
    }
    Node tail = grammar.repeat(grammar.sequence(json.comma(), rest), owed, left);
    for (int i = prefix - 1; i >= 0; i--) {
      Node item = i == 0 ? first.get(i) : grammar.sequence(json.comma(), first.get(i));
      Node with = grammar.sequence(item, tail);
      tail = i < least ? with : grammar.optional(with);
    }
    return tail;
  }

  private Node several(Node one, int least, int most) {
    if (most == 0) {
      return grammar.nothing;
    }
    int more = most == Node.Repeat.UNBOUNDED ? most : most - 1;
    Node all =
        grammar.sequence(
            one, grammar.repeat(grammar.sequence(json.comma(), one), Math.max(least - 1, 0), more));
    return least == 0 ? grammar.optional(all) : all;
  }

  // ------------------------------------------------------------------ constants

  /** Exactly this value, in the spelling that the schema has. */
  Node constant(JsonNode value) {
    if (value.isObject()) {
      List<Node> members = new ArrayList<>();
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        members.add(json.member(json.quoted(escaped(entry.getKey())), constant(entry.getValue())));
      }
      return json.enclosed("{", separated(members), "}");
    }
    if (value.isArray()) {
      List<Node> items = new ArrayList<>();
      value.forEach(item -> items.add(constant(item)));
      return json.enclosed("[", separated(items), "]");
    }
    return value.isTextual()
        ? json.quoted(escaped(value.textValue()))
        : grammar.text(value.toString());
  }

  private Node separated(List<Node> parts) {
    List<Node> all = new ArrayList<>();
    for (Node part : parts) {
      if (!all.isEmpty()) {
        all.add(json.comma());
      }
      all.add(part);
    }
    return grammar.sequence(all);
  }
}
