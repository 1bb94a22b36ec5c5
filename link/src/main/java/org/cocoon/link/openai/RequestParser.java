package org.cocoon.link.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.wire.Bias;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Message;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Sampling;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.link.wire.ToolUse;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenAI's request bodies. What is understood is honoured; what an engine cannot do is a 400
 * that names the parameter; unknown fields are ignored, or refused when strict.
 */
public final class RequestParser {
  /** Answers that one request can ask for. */
  public static final int MAX_CHOICES = 8;

  private static final int MAX_MESSAGES = 2_048;
  private static final int MAX_TOKENS = 1 << 20;
  private static final int MAX_STOPS = 4;
  private static final int MAX_STOP_LENGTH = 256;
  private static final int MAX_BIASES = 1_024;
  private static final int MAX_COEFFICIENT = 1_000_000;
  private static final double MAX_TIMEOUT_SECONDS = 3_600;
  private static final double DEFAULT_TIMEOUT_SECONDS = 600;
  private static final ToolUse REQUIRED = ToolUse.TOOL_USE_REQUIRED;
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool");

  private final boolean strict;

  /**
   * Makes a parser.
   *
   * @param strict whether fields that it does not know are refused
   */
  public RequestParser(boolean strict) {
    this.strict = strict;
  }

  /**
   * Reads a body of /v1/chat/completions.
   *
   * @param seed for the sampler, where the client gives none
   * @throws BadRequestException naming the field that is wrong
   */
  public ParsedRequest chat(Fields fields, long seed) {
    JsonNode sealed = fields.node("sealed");
    if (sealed != null) {
      return sealed(fields, sealed, true);
    }
    Run.Builder run = Run.newBuilder();
    Chat.Builder chat = Chat.newBuilder();
    JsonNode messages = fields.node("messages");
    if (messages == null || !messages.isArray() || messages.isEmpty()) {
      throw fields.wrong("messages", "an array with at least one message");
    }
    if (messages.size() > MAX_MESSAGES) {
      throw fields.wrong("messages", "at most %d messages".formatted(MAX_MESSAGES));
    }
    int bytes = 0;
    for (int i = 0; i < messages.size(); i++) {
      Message message = message(Fields.of(messages.get(i), "messages[%d]".formatted(i)));
      bytes +=
          message.getContentBytes().size()
              + message.getRoleBytes().size()
              + message.getNameBytes().size()
              + message.getToolCallsBytes().size();
      chat.addMessages(message);
    }
    JsonNode arguments = fields.node("chat_template_kwargs");
    if (arguments != null) {
      if (!arguments.isObject()) {
        throw fields.wrong("chat_template_kwargs", "an object");
      }
      chat.setTemplateArguments(arguments.toString());
      bytes += chat.getTemplateArgumentsBytes().size(); // a template may print them
    }
    boolean parallel = AnswerFields.tools(fields, chat);
    bytes += chat.getToolsBytes().size();
    unsupported(fields, "reasoning_effort", node -> node.asText().equals("none"));
    run.setChat(chat);
    AnswerFields.form(fields, run);
    run.setLogprobs(fields.flag("logprobs"));
    if (run.getLogprobs() && AnswerFields.callsTools(chat)) {
      throw fields.wrong("logprobs", "left out beside 'tools'");
    }
    int top = (int) fields.integer("top_logprobs", 0, 20, 0);
    if (top > 0 && !run.getLogprobs()) {
      throw Fields.bad("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
    }
    run.setTopLogprobs(top);
    return common(fields, run, true, seed, bytes, messages.size(), parallel);
  }

  private Message message(Fields fields) {
    String role = fields.string("role", 32);
    if (role == null || !ROLES.contains(role)) {
      throw fields.wrong("role", "one of system, developer, user, assistant, tool");
    }
    String name = fields.string("name", 256);
    JsonNode content = fields.node("content");
    if (content == null && !role.equals("assistant")) {
      throw fields.wrong("content", "a string or an array of text parts");
    }
    Message.Builder message =
        Message.newBuilder()
            .setRole(role.equals("developer") ? "system" : role)
            .setContent(content == null ? "" : text(fields, content))
            .setName(name == null ? "" : name);
    AnswerFields.calls(fields, message);
    return message.build();
  }

  static String text(Fields fields, JsonNode content) {
    if (content.isTextual()) {
      return wellFormed(fields, "content", content.textValue());
    }
    if (!content.isArray()) {
      throw fields.wrong("content", "a string or an array of text parts");
    }
    StringBuilder all = new StringBuilder();
    for (JsonNode part : content) {
      if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
        throw fields.wrong("content", "text parts only: this model takes no images or audio");
      }
      all.append(part.path("text").textValue());
    }
    return wellFormed(fields, "content", all.toString());
  }

  /** JSON can write half of a surrogate pair, which is no text and has no UTF-8. */
  private static String wellFormed(Fields fields, String name, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw fields.wrong(name, "well-formed Unicode (it holds half of a surrogate pair)");
      }
    }
    return text;
  }

  /**
   * Reads a body of /v1/completions.
   *
   * @param seed for the sampler, where the client gives none
   * @throws BadRequestException naming the field that is wrong
   */
  public ParsedRequest completion(Fields fields, long seed) {
    JsonNode sealed = fields.node("sealed");
    if (sealed != null) {
      return sealed(fields, sealed, false);
    }
    Run.Builder run = Run.newBuilder();
    JsonNode prompt = fields.node("prompt");
    if (prompt != null && prompt.isArray() && prompt.size() == 1) {
      prompt = prompt.get(0);
    }
    if (prompt == null || !prompt.isTextual()) {
      throw fields.wrong("prompt", "a string (or an array of one string)");
    }
    String text = wellFormed(fields, "prompt", prompt.textValue());
    run.setText(text);
    unsupported(fields, "echo", node -> node.isBoolean() && !node.booleanValue());
    unsupported(fields, "suffix", node -> node.asText().isEmpty());
    unsupported(fields, "best_of", node -> node.asLong() == fields.integer("n", 1, MAX_CHOICES, 1));
    int top = (int) fields.integer("logprobs", 0, 20, -1);
    run.setLogprobs(top >= 0);
    run.setTopLogprobs(Math.max(top, 0));
    int bytes = com.google.protobuf.ByteString.copyFromUtf8(text).size();
    return common(fields, run, false, seed, bytes, 1, true);
  }

  /** A body whose prompt is sealed: of a plaintext there are no more bytes than of its sealing. */
  private ParsedRequest sealed(Fields fields, JsonNode sealed, boolean chat) {
    SealedPrompt.Builder prompt = SealedFields.read(fields, sealed, chat);
    Run.Builder run = Run.newBuilder().setSealed(prompt);
    return common(fields, run, chat, 0, prompt.getCiphertext().size(), 1, true);
  }

  private ParsedRequest common(
      Fields fields,
      Run.Builder run,
      boolean chat,
      long seed,
      int promptBytes,
      int messages,
      boolean parallelToolCalls) {
    String model = fields.string("model", 256);
    if (model == null || model.isEmpty()) {
      throw fields.wrong("model", "the name of a model (GET /v1/models lists them)");
    }
    run.setModel(model);
    int choices = (int) fields.integer("n", 1, MAX_CHOICES, 1);
    if (run.hasSealed() && choices > 1) {
      throw fields.wrong("n", "1 beside 'sealed': a sealed request has one answer");
    }
    int maxTokens = (int) fields.integer("max_tokens", 1, MAX_TOKENS, 0);
    maxTokens = (int) fields.integer("max_completion_tokens", 1, MAX_TOKENS, maxTokens);
    run.setMaxTokens(maxTokens);
    if (run.hasSealed()) {
      run.getSealedBuilder().setMaxTokens(maxTokens);
    } else {
      run.setIgnoreEos(fields.flag("ignore_eos"));
      if (run.getIgnoreEos() && (run.hasForm() || run.getChat().getToolUse() == REQUIRED)) {
        throw fields.wrong("ignore_eos", "left out where the answer must have a form");
      }
      stops(fields, run);
      run.setSampling(sampling(fields, seed));
    }
    fields.string("user", 512);
    fields.node("metadata");
    boolean stream = fields.flag("stream");
    boolean includeUsage = false;
    JsonNode streamOptions = fields.node("stream_options");
    if (streamOptions != null) {
      if (!stream) {
        throw Fields.bad("stream_options", "'stream_options' needs 'stream' to be true.");
      }
      Fields options = Fields.of(streamOptions, "stream_options");
      includeUsage = options.flag("include_usage");
      unsupported(options, "continuous_usage_stats", node -> !node.asBoolean());
    }
    int maxCoefficient =
        (int) fields.integer("max_coefficient", 1, MAX_COEFFICIENT, MAX_COEFFICIENT);
    double timeout = fields.number("timeout", 0.001, MAX_TIMEOUT_SECONDS, DEFAULT_TIMEOUT_SECONDS);
    int priority = (int) fields.integer("priority", 0, 9, 5);
    if (strict) {
      fields.refuseUnread();
    }
    return new ParsedRequest(
        run.build(),
        chat,
        promptBytes,
        messages,
        maxTokens,
        maxCoefficient,
        Math.max(1, Math.round(timeout * 1000)),
        priority,
        stream,
        includeUsage,
        parallelToolCalls,
        choices);
  }

  private static void stops(Fields fields, Run.Builder run) {
    JsonNode stop = fields.node("stop");
    if (stop == null) {
      return;
    }
    String shape =
        "a string or an array of at most %d strings of 1 to %d characters"
            .formatted(MAX_STOPS, MAX_STOP_LENGTH);
    if (stop.isTextual()) {
      run.addStop(stop.textValue());
    } else if (stop.isArray() && stop.size() <= MAX_STOPS) {
      for (JsonNode one : stop) {
        if (!one.isTextual()) {
          throw fields.wrong("stop", shape);
        }
        run.addStop(one.textValue());
      }
    } else {
      throw fields.wrong("stop", shape);
    }
    for (String one : run.getStopList()) {
      if (one.isEmpty() || one.length() > MAX_STOP_LENGTH) {
        throw fields.wrong("stop", shape);
      }
      wellFormed(fields, "stop", one);
    }
  }

  private static Sampling sampling(Fields fields, long seed) {
    Sampling.Builder sampling =
        Sampling.newBuilder()
            .setTemperature((float) fields.number("temperature", 0, 2, 1))
            .setTopP((float) fields.number("top_p", 0, 1, 1))
            .setTopK((int) fields.integer("top_k", 0, 1 << 20, 0))
            .setMinP((float) fields.number("min_p", 0, 1, 0))
            .setSeed(fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE, seed))
            .setFrequencyPenalty((float) fields.number("frequency_penalty", -2, 2, 0))
            .setPresencePenalty((float) fields.number("presence_penalty", -2, 2, 0))
            .setRepetitionPenalty((float) fields.number("repetition_penalty", 0.01, 10, 1));
    JsonNode biases = fields.node("logit_bias");
    if (biases != null) {
      if (!biases.isObject() || biases.size() > MAX_BIASES) {
        throw fields.wrong("logit_bias", "an object of at most %d entries".formatted(MAX_BIASES));
      }
      for (Iterator<Map.Entry<String, JsonNode>> all = biases.fields(); all.hasNext(); ) {
        sampling.addLogitBias(bias(fields, all.next()));
      }
    }
    return sampling.build();
  }

  private static Bias bias(Fields fields, Map.Entry<String, JsonNode> entry) {
    int token = token(entry.getKey());
    double bias = entry.getValue().isNumber() ? entry.getValue().doubleValue() : Double.NaN;
    if (token < 0 || !(bias >= -100 && bias <= 100)) {
      throw fields.wrong("logit_bias", "an object from token ids to numbers from -100 to 100");
    }
    return Bias.newBuilder().setToken(token).setBias((float) bias).build();
  }

  private static int token(String key) {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private interface Harmless {
    boolean test(JsonNode node);
  }

  private static void unsupported(Fields fields, String name, Harmless harmless) {
    @Nullable JsonNode node = fields.node(name);
    if (node != null && !harmless.test(node)) {
      throw fields.wrong(name, "left out: no engine of this network can do it yet");
    }
  }
}
