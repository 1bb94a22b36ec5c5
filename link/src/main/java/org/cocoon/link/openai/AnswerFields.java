package org.cocoon.link.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.cocoon.link.wire.AnswerForm;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.ChatOrBuilder;
import org.cocoon.link.wire.Message;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.ToolUse;

/**
 * Reads what a body says of the answer's form: response_format, tools and how they are called. What
 * a schema says is for the worker to judge, which compiles it.
 */
final class AnswerFields {
  private static final int MOST_TOOLS = 128;
  private static final int MOST_CALLS = 128;
  private static final int MOST_CHARS = 256 << 10;
  private static final int MOST_ID = 128;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private AnswerFields() {}

  /** Reads response_format. */
  static void form(Fields fields, Run.Builder run) {
    JsonNode node = fields.node("response_format");
    if (node == null) {
      return;
    }
    Fields format = Fields.of(node, "response_format");
    String type = format.string("type", 32);
    switch (type == null ? "" : type) {
      case "text" -> {}
      case "json_object" -> run.setForm(AnswerForm.newBuilder().setJsonObject(true));
      case "json_schema" -> run.setForm(AnswerForm.newBuilder().setJsonSchema(schema(format)));
      default -> throw format.wrong("type", "one of text, json_object, json_schema");
    }
    if (run.hasForm() && callsTools(run.getChat())) {
      throw fields.wrong(
          "response_format", "left out beside 'tools', unless 'tool_choice' is \"none\"");
    }
  }

  private static String schema(Fields format) {
    JsonNode given = format.node("json_schema");
    if (given == null) {
      throw format.wrong("json_schema", "an object with the schema in 'schema'");
    }
    Fields named = Fields.of(given, "response_format.json_schema");
    named.string("name", 64);
    named.string("description", 4_096);
    named.flag("strict"); // it is always held to
    JsonNode schema = named.node("schema");
    if (schema == null || !schema.isObject()) {
      throw named.wrong("schema", "a JSON schema: an object");
    }
    return text(named, "schema", schema);
  }

  private static String text(Fields fields, String name, JsonNode node) {
    String text = node.toString();
    if (text.length() > MOST_CHARS) {
      throw fields.wrong(name, "at most %d characters of JSON".formatted(MOST_CHARS));
    }
    return text;
  }

  /** Whether the model may call tools. */
  static boolean callsTools(ChatOrBuilder chat) {
    return !chat.getTools().isEmpty() && chat.getToolUse() != ToolUse.TOOL_USE_NONE;
  }

  /** Reads tools, tool_choice and parallel_tool_calls; returns the last of them. */
  static boolean tools(Fields fields, Chat.Builder chat) {
    Set<String> names = new HashSet<>();
    JsonNode tools = fields.node("tools");
    if (tools != null) {
      if (!tools.isArray() || tools.size() > MOST_TOOLS) {
        throw fields.wrong("tools", "an array of at most %d functions".formatted(MOST_TOOLS));
      }
      for (int i = 0; i < tools.size(); i++) {
        Fields tool = Fields.of(tools.get(i), "tools[%d]".formatted(i));
        if (!names.add(function(tool))) {
          throw tool.wrong("function.name", "a name that no other tool has");
        }
      }
      chat.setTools(tools.isEmpty() ? "" : text(fields, "tools", tools));
    }
    choice(fields, chat, names);
    JsonNode parallel = fields.node("parallel_tool_calls");
    return parallel == null || fields.flag("parallel_tool_calls");
  }

  /** The names of tools that were read. */
  static Set<String> names(String tools) {
    Set<String> names = new HashSet<>();
    try {
      for (JsonNode tool : JSON.readTree(tools)) {
        names.add(tool.path("function").path("name").asText());
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("these tools were never read", e);
    }
    return names;
  }

  private static String function(Fields tool) {
    if (!"function".equals(tool.string("type", 32))) {
      throw tool.wrong("type", "\"function\": other tools are not known here");
    }
    JsonNode given = tool.node("function");
    if (given == null || !given.isObject()) {
      throw tool.wrong("function", "an object with at least a name");
    }
    String name = given.path("name").asText();
    if (!NAME.matcher(name).matches()) {
      throw tool.wrong("function.name", "1 to 64 letters, digits, '_' or '-'");
    }
    JsonNode parameters = given.path("parameters");
    if (!parameters.isMissingNode() && !parameters.isNull() && !parameters.isObject()) {
      throw tool.wrong("function.parameters", "a JSON schema: an object");
    }
    return name;
  }

  private static void choice(Fields fields, Chat.Builder chat, Set<String> names) {
    JsonNode choice = fields.node("tool_choice");
    if (choice == null) {
      return;
    }
    if (choice.isObject()) {
      String name = choice.path("function").path("name").asText();
      if (!choice.path("type").asText().equals("function") || !names.contains(name)) {
        throw fields.wrong("tool_choice", "the name of one of 'tools'");
      }
      chat.setToolUse(ToolUse.TOOL_USE_REQUIRED).setToolName(name);
      return;
    }
    switch (choice.asText()) {
      case "auto" -> chat.setToolUse(ToolUse.TOOL_USE_AUTO);
      case "none" -> chat.setToolUse(ToolUse.TOOL_USE_NONE);
      case "required" -> {
        if (names.isEmpty()) {
          throw fields.wrong("tool_choice", "left out where there are no 'tools'");
        }
        chat.setToolUse(ToolUse.TOOL_USE_REQUIRED);
      }
      default -> throw fields.wrong("tool_choice", "none, auto, required or one of 'tools'");
    }
  }

  /** Reads what a message of a conversation says of calls that were made before. */
  static void calls(Fields fields, Message.Builder message) {
    JsonNode calls = fields.node("tool_calls");
    if (calls != null && !calls.isEmpty()) {
      if (!calls.isArray() || calls.size() > MOST_CALLS || !message.getRole().equals("assistant")) {
        throw fields.wrong("tool_calls", "an array of calls in a message of the assistant");
      }
      for (JsonNode call : calls) {
        JsonNode function = call.path("function");
        if (!NAME.matcher(function.path("name").asText()).matches()
            || !function.path("arguments").isTextual()) {
          throw fields.wrong("tool_calls", "calls of functions with 'name' and 'arguments'");
        }
      }
      message.setToolCalls(text(fields, "tool_calls", calls));
    }
    String id = fields.string("tool_call_id", MOST_ID);
    if (id != null) {
      message.setToolCallId(id);
    }
  }
}
