package org.cocoon.link.openai;

import org.jspecify.annotations.Nullable;

/** The error object that every OpenAI client expects. */
public final class ErrorObject {
  private ErrorObject() {}

  /** A whole body: {@code {"error":{"message","type","param","code"}}}. */
  public static String json(String message, String type, @Nullable String param, String code) {
    return "{\"error\":{\"message\":"
        + Utf8Json.quoted(message)
        + ",\"type\":"
        + Utf8Json.quoted(type)
        + ",\"param\":"
        + Utf8Json.quoted(param)
        + ",\"code\":"
        + Utf8Json.quoted(code)
        + "}}";
  }
}
