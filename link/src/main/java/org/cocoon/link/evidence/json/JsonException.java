package org.cocoon.link.evidence.json;

/** A text is not the JSON that it should be; the message names the key and what would be right. */
public final class JsonException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Carries one sentence. */
  public JsonException(String message) {
    super(message, null, false, false);
  }

  /** The sentence. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
