package org.cocoon.worker.constraint;

/** A schema that cannot be used; the message is for its author and names place and remedy. */
public final class SchemaException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * A mistake in a schema.
   *
   * @param place as {@code $.properties.name}
   * @param fault a sentence without its first letter and full stop
   */
  SchemaException(String place, String fault) {
    super(place + ": " + fault);
  }

  /** What is wrong, for the author of the schema. */
  public String fault() {
    return String.valueOf(getMessage());
  }
}
