package org.cocoon.link.evidence.json;

import java.util.List;

/** One value of a JSON text, with the path of its key for messages, for example "images.worker". */
public sealed interface JsonValue permits JsonObject, JsonValue.Leaf, JsonValue.Row {

  /** Where it is; empty for the outermost value. */
  String path();

  /** A value that holds no others. */
  sealed interface Leaf extends JsonValue {}

  /**
   * A string.
   *
   * @param value without its quotes and escapes; holds no half of a surrogate pair
   */
  record Text(String path, String value) implements Leaf {}

  /**
   * A whole number of at most 15 digits; no other number is read.
   *
   * @param value between -999,999,999,999,999 and 999,999,999,999,999
   */
  record Whole(String path, long value) implements Leaf {}

  /**
   * True or false.
   *
   * @param value which of them
   */
  record Truth(String path, boolean value) implements Leaf {}

  /** Null. */
  record Nothing(String path) implements Leaf {}

  /**
   * An array.
   *
   * @param values in their order
   */
  record Row(String path, List<JsonValue> values) implements JsonValue {
    /** Copies the list. */
    public Row {
      values = List.copyOf(values);
    }
  }
}
