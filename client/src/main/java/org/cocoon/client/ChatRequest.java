package org.cocoon.client;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A conversation that the model is to continue.
 *
 * @param model its name as {@link CocoonClient#models()} gives it
 * @param messages oldest first, at least one
 * @param temperature 0 (always the likeliest token) to 2; empty: the server's default
 * @param maxTokens the longest answer wanted; empty: the server's default
 */
public record ChatRequest(
    String model, List<Message> messages, OptionalDouble temperature, OptionalInt maxTokens) {

  /**
   * One message of a conversation.
   *
   * @param role {@code system}, {@code user} or {@code assistant}
   * @param content its text
   */
  public record Message(String role, String content) {}

  /** Checks the bounds and copies the messages. */
  public ChatRequest {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a conversation needs at least one message");
    }
    if (temperature.isPresent()
        && !(temperature.getAsDouble() >= 0 && temperature.getAsDouble() <= 2)) {
      throw new IllegalArgumentException("temperature must be 0 to 2: " + temperature);
    }
    if (maxTokens.isPresent() && maxTokens.getAsInt() < 1) {
      throw new IllegalArgumentException("maxTokens must be at least 1: " + maxTokens);
    }
    messages = List.copyOf(messages);
  }

  /** The body of {@code POST /v1/chat/completions} for a streamed answer with its usage. */
  public String toJson() {
    return Json.render(
        out -> {
          out.writeStartObject();
          out.writeStringField("model", model);
          out.writeArrayFieldStart("messages");
          for (Message message : messages) {
            out.writeStartObject();
            out.writeStringField("role", message.role());
            out.writeStringField("content", message.content());
            out.writeEndObject();
          }
          out.writeEndArray();
          if (temperature.isPresent()) {
            out.writeNumberField("temperature", temperature.getAsDouble());
          }
          if (maxTokens.isPresent()) {
            out.writeNumberField("max_tokens", maxTokens.getAsInt());
          }
          out.writeBooleanField("stream", true);
          out.writeObjectFieldStart("stream_options");
          out.writeBooleanField("include_usage", true);
          out.writeEndObject();
          out.writeEndObject();
        });
  }
}
