package org.cocoon.worker.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Tools;
import org.cocoon.worker.engine.TemplateArguments.Cleaner;
import org.jspecify.annotations.Nullable;

/**
 * How tools and calls are told to a model.
 *
 * <p>A chat template that knows tools gets them as Hugging Face's transformers give them: {@code
 * tools}, and {@code tool_calls} in messages, with arguments as objects. To any other model it is
 * said in words, at the end of the system message, what there is and how to call it; calls and
 * their results become text of the conversation.
 */
final class ToolText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ToolText() {}

  /**
   * What a template is given.
   *
   * @param tools null: none
   * @param calls of messages that have any, by their place
   */
  record Variables(@Nullable Object tools, Map<Integer, Object> calls) {
    static final Variables NONE = new Variables(null, Map.of());
  }

  /** Whether a template renders tools by itself. */
  static boolean knows(String template) {
    return template.contains("tools") && template.contains("tool_calls");
  }

  /** The variables of a template that knows tools; null where a string cannot be made harmless. */
  static @Nullable Variables variables(List<Message> messages, Tools tools, Cleaner cleaner) {
    Map<Integer, Object> calls = new HashMap<>();
    for (int i = 0; i < messages.size(); i++) {
      if (!messages.get(i).calls().isEmpty()) {
        Object cleaned = clean(withObjects(read(messages.get(i).calls())), cleaner);
        if (cleaned == null) {
          return null;
        }
        calls.put(i, cleaned);
      }
    }
    if (tools.isEmpty()) {
      return new Variables(null, calls);
    }
    Object cleaned = clean(read(tools.json()), cleaner);
    return cleaned == null ? null : new Variables(cleaned, calls);
  }

  private static @Nullable Object clean(JsonNode list, Cleaner cleaner) {
    Map<String, Object> wrapped = Map.of("list", list);
    TemplateArguments cleaned =
        TemplateArguments.parse(JSON.valueToTree(wrapped).toString(), cleaner);
    return cleaned == null ? null : cleaned.values().get("list");
  }

  /** Calls whose arguments are objects, not the text of objects, where they are that. */
  private static JsonNode withObjects(JsonNode calls) {
    JsonNode copy = calls.deepCopy();
    for (JsonNode call : copy) {
      if (call.path("function") instanceof ObjectNode function) {
        JsonNode arguments = arguments(function);
        if (arguments.isObject()) {
          function.set("arguments", arguments);
        }
      }
    }
    return copy;
  }

  private static JsonNode arguments(JsonNode function) {
    return read(function.path("arguments").asText());
  }

  private static JsonNode read(String json) {
    try {
      JsonNode value = JSON.readTree(json);
      return value == null ? JSON.nullNode() : value;
    } catch (JsonProcessingException e) {
      return JSON.nullNode();
    }
  }

  /** The conversation in words alone. */
  static List<Message> inWords(List<Message> messages, Tools tools) {
    List<Message> said = new ArrayList<>();
    for (Message message : messages) {
      said.add(inWords(message));
    }
    if (tools.isEmpty()) {
      return said;
    }
    StringBuilder lines = new StringBuilder();
    for (JsonNode tool : read(tools.json())) {
      lines.append(lines.isEmpty() ? "" : "\n").append(tool.path("function"));
    }
    String instructions =
        """
        You can call these functions, given as JSON, one in each line:
        %s
        To call one, answer with nothing but its name and its arguments as JSON between marks:
        <tool_call>
        {"name": "NAME", "arguments": {}}
        </tool_call>\
        """
            .formatted(lines);
    Message first = said.getFirst();
    if (first.role().equals("system")) {
      said.set(0, first.withContent(first.content() + "\n\n" + instructions));
    } else {
      said.addFirst(new Message("system", instructions));
    }
    return said;
  }

  private static Message inWords(Message message) {
    if (message.role().equals("tool")) {
      return new Message("user", "<tool_response>\n" + message.content() + "\n</tool_response>");
    }
    if (message.calls().isEmpty()) {
      return message;
    }
    StringBuilder text = new StringBuilder(message.content());
    for (JsonNode call : read(message.calls())) {
      ObjectNode said = JSON.createObjectNode();
      said.set("name", call.path("function").path("name"));
      said.set("arguments", arguments(call.path("function")));
      text.append(text.isEmpty() ? "" : "\n");
      text.append(CallSyntax.TAGGED.before).append(said).append(CallSyntax.TAGGED.after);
    }
    return new Message(message.role(), text.toString());
  }
}
