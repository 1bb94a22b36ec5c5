package org.cocoon.model;

/** A model file that cannot be used; the message is a sentence for who has the file. */
public final class ModelFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String sentence;

  /** Makes one from a sentence that says what is wrong, where, and what to do. */
  public ModelFileException(String message) {
    super(message);
    sentence = message;
  }

  /** Makes one from a sentence and what caused it. */
  public ModelFileException(String message, Throwable cause) {
    super(message, cause);
    sentence = message;
  }

  @Override
  public String getMessage() {
    return sentence;
  }
}
