package org.cocoon.link.openai;

import org.jspecify.annotations.Nullable;

/**
 * Says what is wrong with a request body; has no stack trace, since a caller's mistake is no fault.
 */
public final class BadRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String message;
  private final @Nullable String param;

  /**
   * Makes one.
   *
   * @param message a sentence for the caller, saying what would be right; never quotes the body
   * @param param the field at fault, if one is
   */
  public BadRequestException(String message, @Nullable String param) {
    super(message, null, false, false);
    this.message = message;
    this.param = param;
  }

  /** A message for the caller; never quotes the body. */
  public String message() {
    return message;
  }

  /** The field at fault, if one is. */
  public @Nullable String param() {
    return param;
  }
}
