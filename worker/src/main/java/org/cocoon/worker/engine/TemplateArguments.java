package org.cocoon.worker.engine;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Extra variables that a request gives to its chat template.
 *
 * @param values by name; JSON's objects are maps and its arrays lists
 */
record TemplateArguments(Map<String, @Nullable Object> values) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Makes a string harmless. */
  @FunctionalInterface
  interface Cleaner {
    /** Returns the string without control markers, or null where that does not succeed. */
    @Nullable String clean(String text);
  }

  /**
   * Reads a JSON object.
   *
   * @param json empty: no variables
   * @param cleaner of every string in it, names included
   * @return null where it is no JSON object, or holds a string that cannot be made harmless
   */
  static @Nullable TemplateArguments parse(String json, Cleaner cleaner) {
    if (json.isEmpty()) {
      return new TemplateArguments(Map.of());
    }
    try {
      Map<String, @Nullable Object> values = JSON.readValue(json, new TypeReference<>() {});
      return values == null ? null : new TemplateArguments(cleanMap(values, cleaner));
    } catch (JacksonException | Unclean e) {
      return null;
    }
  }

  private static Map<String, @Nullable Object> cleanMap(Map<?, ?> values, Cleaner cleaner) {
    Map<String, @Nullable Object> cleaned = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      cleaned.put(
          cleanText(String.valueOf(entry.getKey()), cleaner), clean(entry.getValue(), cleaner));
    }
    return cleaned;
  }

  private static @Nullable Object clean(@Nullable Object value, Cleaner cleaner) {
    return switch (value) {
      case String text -> cleanText(text, cleaner);
      case Map<?, ?> map -> cleanMap(map, cleaner);
      case List<?> list -> {
        List<@Nullable Object> cleaned = new ArrayList<>(list.size());
        for (Object item : list) {
          cleaned.add(clean(item, cleaner));
        }
        yield cleaned;
      }
      case null, default -> value;
    };
  }

  private static String cleanText(String text, Cleaner cleaner) {
    String cleaned = cleaner.clean(text);
    if (cleaned == null) {
      throw new Unclean();
    }
    return cleaned;
  }

  /** A string that cannot be made harmless. */
  private static final class Unclean extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
