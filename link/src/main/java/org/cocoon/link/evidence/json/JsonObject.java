package org.cocoon.link.evidence.json;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An object of a JSON text, asked by key; each answer of another kind than was asked for is refused
 * in a sentence that names the key. Immutable.
 */
public final class JsonObject implements JsonValue {
  private final String path;
  private final Map<String, JsonValue> members;
  private final String text;
  private final int from;
  private final int to;

  JsonObject(String path, Map<String, JsonValue> members, String text, int from, int to) {
    this.path = path;
    this.members = new LinkedHashMap<>(members);
    this.text = text;
    this.from = from;
    this.to = to;
  }

  @Override
  public String path() {
    return path;
  }

  /** The text of the object as it stood, from brace to brace: what a signature is over. */
  public String raw() {
    return text.substring(from, to);
  }

  /** Its keys, in the order of the text. */
  public Set<String> keys() {
    return Set.copyOf(members.keySet());
  }

  /** Whether the key is there. */
  public boolean has(String key) {
    return members.containsKey(key);
  }

  /** The value of a key, if it is there. */
  public Optional<JsonValue> find(String key) {
    return Optional.ofNullable(members.get(key));
  }

  /** A string. */
  public String text(String key) throws JsonException {
    if (get(key) instanceof Text(_, String value)) {
      return value;
    }
    throw wrong(key, "a string");
  }

  /** A whole number within bounds. */
  public long whole(String key, long least, long most) throws JsonException {
    if (get(key) instanceof Whole(_, long value) && value >= least && value <= most) {
      return value;
    }
    throw wrong(key, "a whole number from " + least + " to " + most);
  }

  /** An object. */
  public JsonObject object(String key) throws JsonException {
    if (get(key) instanceof JsonObject object) {
      return object;
    }
    throw wrong(key, "an object");
  }

  /** An array of objects, at most so many; empty where the key is missing. */
  public List<JsonObject> objects(String key, int most) throws JsonException {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonValue value : row(key, most, "objects")) {
      if (!(value instanceof JsonObject object)) {
        throw wrong(key, "a list of objects");
      }
      objects.add(object);
    }
    return objects;
  }

  /** An array of strings, at most so many; empty where the key is missing. */
  public List<String> texts(String key, int most) throws JsonException {
    List<String> texts = new ArrayList<>();
    for (JsonValue value : row(key, most, "strings")) {
      if (!(value instanceof Text(_, String each))) {
        throw wrong(key, "a list of strings");
      }
      texts.add(each);
    }
    return texts;
  }

  /**
   * Refuses any key but these.
   *
   * @throws JsonException naming the unknown key and the one that is written most like it
   */
  public void requireOnly(Collection<String> known) throws JsonException {
    for (String key : members.keySet()) {
      if (!known.contains(key)) {
        String nearest = Spelling.nearest(key, known);
        throw new JsonException(
            nearest.isEmpty()
                ? "a key of " + key.length() + " characters is unknown"
                : "key '" + pathOf(key) + "' is unknown; did you mean '" + pathOf(nearest) + "'?");
      }
    }
  }

  /** The path of one of its keys, for messages. */
  public String pathOf(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private List<JsonValue> row(String key, int most, String of) throws JsonException {
    if (!has(key)) {
      return List.of();
    }
    if (get(key) instanceof Row(_, List<JsonValue> values) && values.size() <= most) {
      return values;
    }
    throw wrong(key, "a list of at most " + most + " " + of);
  }

  private JsonValue get(String key) throws JsonException {
    JsonValue value = members.get(key);
    if (value == null) {
      throw new JsonException("key '" + pathOf(key) + "' is missing");
    }
    return value;
  }

  private JsonException wrong(String key, String right) {
    return new JsonException("key '" + pathOf(key) + "' must be " + right);
  }
}
