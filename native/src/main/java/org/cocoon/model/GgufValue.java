package org.cocoon.model;

/** A value of a GGUF file's metadata. */
sealed interface GgufValue {

  /** Any integer type. */
  record Whole(long value) implements GgufValue {}

  /** Either floating point type. */
  record Real(double value) implements GgufValue {}

  /** A boolean. */
  record Flag(boolean value) implements GgufValue {}

  /** A string. */
  record Text(String value) implements GgufValue {}

  /**
   * An array, left where it is: a vocabulary has a quarter of a million strings.
   *
   * @param elementType GGUF's code of the elements' type
   * @param count how many there are
   * @param offset of the first one in the file
   */
  record Sequence(int elementType, long count, long offset) implements GgufValue {}
}
