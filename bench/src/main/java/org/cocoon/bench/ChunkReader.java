package org.cocoon.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Reads chat completion chunks: how much text, why it ended, what was used, which error.
 *
 * <p>One reader is reused for every chunk of an event loop; its fields hold the last chunk read.
 * Text is {@code delta.content}, {@code delta.reasoning_content}, {@code delta.reasoning} or, for
 * plain completions, {@code text}. Not thread-safe.
 */
final class ChunkReader {
  private static final JsonFactory FACTORY = new JsonFactory();

  private final StringBuilder text = new StringBuilder();
  private boolean keepText;
  private boolean hasText;
  private String finishReason = "";
  private boolean hasUsage;
  private long promptTokens;
  private long completionTokens;
  private long costNanoton;
  private boolean hasError;
  private String errorCode = "";

  /**
   * Reads one chunk.
   *
   * @param bytes UTF-8
   * @param length how many
   * @param keep whether the text itself is wanted, not only whether there is some
   * @throws IOException if this is not a JSON object
   */
  void read(byte[] bytes, int length, boolean keep) throws IOException {
    clear();
    keepText = keep;
    try (JsonParser in = FACTORY.createParser(bytes, 0, length)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("a chunk must be a JSON object");
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        JsonToken value = in.nextToken();
        switch (field) {
          case "choices" -> readChoices(in, value);
          case "usage" -> readUsage(in, value);
          case "error" -> readError(in, value);
          default -> in.skipChildren();
        }
      }
    }
  }

  private void clear() {
    text.setLength(0);
    hasText = false;
    finishReason = "";
    hasUsage = false;
    promptTokens = RequestRecord.UNKNOWN;
    completionTokens = RequestRecord.UNKNOWN;
    costNanoton = RequestRecord.UNKNOWN;
    hasError = false;
    errorCode = "";
  }

  private void readChoices(JsonParser in, JsonToken value) throws IOException {
    if (value != JsonToken.START_ARRAY) {
      in.skipChildren();
      return;
    }
    while (in.nextToken() == JsonToken.START_OBJECT) {
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        JsonToken token = in.nextToken();
        switch (field) {
          case "delta" -> readDelta(in, token);
          case "text" -> takeText(in, token);
          case "finish_reason" ->
              finishReason = token == JsonToken.VALUE_STRING ? in.getText() : "";
          default -> in.skipChildren();
        }
      }
    }
  }

  private void readDelta(JsonParser in, JsonToken value) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      in.skipChildren();
      return;
    }
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      switch (field) {
        case "content", "reasoning_content", "reasoning" -> takeText(in, token);
        default -> in.skipChildren();
      }
    }
  }

  private void takeText(JsonParser in, JsonToken token) throws IOException {
    if (token != JsonToken.VALUE_STRING) {
      in.skipChildren();
      return;
    }
    if (in.getTextLength() > 0) {
      hasText = true;
      if (keepText) {
        text.append(in.getTextCharacters(), in.getTextOffset(), in.getTextLength());
      }
    }
  }

  private void readUsage(JsonParser in, JsonToken value) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      in.skipChildren();
      return;
    }
    hasUsage = true;
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      if (token != JsonToken.VALUE_NUMBER_INT) {
        in.skipChildren();
        continue;
      }
      switch (field) {
        case "prompt_tokens" -> promptTokens = in.getLongValue();
        case "completion_tokens" -> completionTokens = in.getLongValue();
        case "cost_nanoton" -> costNanoton = in.getLongValue();
        default -> {}
      }
    }
  }

  private void readError(JsonParser in, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    hasError = true;
    if (value != JsonToken.START_OBJECT) {
      in.skipChildren();
      return;
    }
    String type = "";
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      if (!token.isScalarValue() || token == JsonToken.VALUE_NULL) {
        in.skipChildren();
        continue;
      }
      switch (field) {
        case "code" -> errorCode = in.getText();
        case "type" -> type = in.getText();
        default -> {}
      }
    }
    if (errorCode.isEmpty()) {
      errorCode = type;
    }
  }

  boolean hasText() {
    return hasText;
  }

  /** The text, where it was to be kept; valid until the next chunk. */
  CharSequence text() {
    return text;
  }

  /** The reason, or empty. */
  String finishReason() {
    return finishReason;
  }

  boolean hasUsage() {
    return hasUsage;
  }

  long promptTokens() {
    return promptTokens;
  }

  long completionTokens() {
    return completionTokens;
  }

  long costNanoton() {
    return costNanoton;
  }

  boolean hasError() {
    return hasError;
  }

  /** The error's {@code code}, else its {@code type}, else empty. */
  String errorCode() {
    return errorCode;
  }
}
