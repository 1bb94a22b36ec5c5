package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import org.cocoon.worker.engine.AnswerForm;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.GenerationRequest.Tools;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;

/** What a server is asked for one generation, or why it cannot be asked. */
sealed interface UpstreamCall {

  /**
   * It can be asked.
   *
   * @param path below the base
   * @param body JSON
   * @param skip whitespace that the client has already: what comes next may begin with it once more
   * @param mostTokens that may still come; what is above is not taken
   */
  record Ready(String path, Buffer body, String skip, int mostTokens) implements UpstreamCall {}

  /** The client has the whole answer already. */
  record Complete() implements UpstreamCall {}

  /** It cannot be asked; the parameter at fault, or empty. */
  record Refused(RefusalCause cause, String message, String param) implements UpstreamCall {}

  /**
   * Makes the call.
   *
   * <p>A continuation is asked for from the text without the whitespace at its end. Many templates
   * cut that off, so that nobody could say from which of both a server went on; the model then
   * makes it again, and the client does not see it twice.
   */
  static UpstreamCall of(GenerationRequest request, UpstreamServer server) {
    Refused wrong = check(request, server.kind());
    if (wrong != null) {
      return wrong;
    }
    int given = request.continuation().ids().length;
    int most = (request.maxTokens() == 0 ? server.contextTokens() : request.maxTokens()) - given;
    if (most <= 0) {
      return new Complete();
    }
    ObjectNode body = Body.JSON.createObjectNode();
    String text = request.continuation().text();
    String kept = text.stripTrailing();
    boolean chat = request.prompt() instanceof Prompt.Chat;
    switch (request.prompt()) {
      case Prompt.Chat(var messages, String arguments, _) -> {
        ArrayNode list = body.putArray("messages");
        for (Message message : messages) {
          list.addObject().put("role", message.role()).put("content", message.content());
        }
        if (!kept.isEmpty()) {
          list.addObject().put("role", "assistant").put("content", kept);
          Body.goOn(body, server.kind());
        }
        if (!arguments.isEmpty()) {
          JsonNode members = Body.object(arguments);
          if (members == null) {
            return bad("chat_template_kwargs must be a JSON object", "chat_template_kwargs");
          }
          body.set("chat_template_kwargs", members);
        }
      }
      case Prompt.Text(String prompt) -> body.put("prompt", prompt + kept);
    }
    Body.length(body, request, server, most);
    Body.sampling(body, request, server.kind());
    Body.logprobs(body, request, server.kind());
    Body.stream(body, server);
    return new Ready(
        chat ? "/v1/chat/completions" : "/v1/completions",
        Buffer.buffer(body.toString().getBytes(UTF_8)),
        text.substring(kept.length()),
        most);
  }

  private static @Nullable Refused check(GenerationRequest request, UpstreamKind kind) {
    Sampling sampling = request.sampling();
    boolean begun = request.continuation().ids().length > 0;
    if (begun && request.prompt() instanceof Prompt.Chat && !kind.continuesText()) {
      return unsupported("this engine cannot go on with an answer that another one began", "");
    }
    if (begun
        && request.continuation().text().isEmpty()
        && request.continuation().textBytes() > 0) {
      return unsupported("this engine goes on from text, and was given token ids alone", "");
    }
    if (!(request.form() instanceof AnswerForm.Free)) {
      return unsupported("this engine cannot hold an answer to a form", "response_format");
    }
    if (request.prompt() instanceof Prompt.Chat(_, _, Tools tools) && !tools.json().isEmpty()) {
      return unsupported("this engine is not told of tools", "tools");
    }
    if (request.logprobs() && !kind.features().contains("logprobs")) {
      return unsupported("this engine tells no log probabilities", "logprobs");
    }
    if (!sampling.logitBias().isEmpty() && !kind.features().contains("logit_bias")) {
      return unsupported("this engine cannot bias logits", "logit_bias");
    }
    if (kind.isExtended()) {
      return null;
    }
    String param =
        sampling.topK() > 0
            ? "top_k"
            : sampling.minP() > 0
                ? "min_p"
                : sampling.repetitionPenalty() != 1
                    ? "repetition_penalty"
                    : request.ignoreEos()
                        ? "ignore_eos"
                        : request.prompt() instanceof Prompt.Chat chat
                                && !chat.templateArguments().isEmpty()
                            ? "chat_template_kwargs"
                            : "";
    return param.isEmpty() ? null : unsupported("this engine does not take " + param, param);
  }

  private static Refused unsupported(String message, String param) {
    return new Refused(RefusalCause.UNSUPPORTED, message, param);
  }

  private static Refused bad(String message, String param) {
    return new Refused(RefusalCause.BAD_REQUEST, message, param);
  }

  /** The members of a body, by the names that each kind of server has for them. */
  final class Body {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Bytes of a prompt for each of its tokens, rather too few than too many. */
    private static final int LIKELY_BYTES_PER_TOKEN = 3;

    /** Tokens that a template adds to each message, rather too many than too few. */
    private static final int TEMPLATE_TOKENS = 16;

    private Body() {}

    /** A server takes an unfinished message only if it is told so; llama-server by itself. */
    private static void goOn(ObjectNode body, UpstreamKind kind) {
      if (kind != UpstreamKind.LLAMA_SERVER) {
        body.put("continue_final_message", true);
        body.put("add_generation_prompt", false);
      }
    }

    private static @Nullable JsonNode object(String json) {
      try {
        JsonNode node = JSON.readTree(json);
        return node.isObject() ? node : null;
      } catch (JsonProcessingException e) {
        return null;
      }
    }

    /**
     * Servers refuse a request whose prompt and longest answer exceed the context, where our own
     * engines just stop there. A chat that might is given no limit, since then the context is one;
     * what comes above the client's is not taken. Plain completions have a small default instead,
     * and need a limit that fits.
     */
    private static void length(
        ObjectNode body, GenerationRequest request, UpstreamServer server, int most) {
      int room = server.contextTokens() - likelyTokens(request);
      if (most <= room) {
        body.put("max_tokens", most);
      } else if (request.prompt() instanceof Prompt.Text || server.kind() == UpstreamKind.TRTLLM) {
        body.put("max_tokens", Math.max(room, Math.min(most, server.contextTokens() / 8)));
      }
    }

    private static int likelyTokens(GenerationRequest request) {
      long bytes = request.continuation().text().length();
      int around = TEMPLATE_TOKENS;
      switch (request.prompt()) {
        case Prompt.Chat(var messages, _, _) -> {
          for (Message message : messages) {
            bytes += message.content().getBytes(UTF_8).length;
            around += TEMPLATE_TOKENS;
          }
        }
        case Prompt.Text(String text) -> bytes += text.getBytes(UTF_8).length;
      }
      return (int) Math.min(bytes / LIKELY_BYTES_PER_TOKEN + around, Integer.MAX_VALUE / 2);
    }

    private static void sampling(ObjectNode body, GenerationRequest request, UpstreamKind kind) {
      Sampling sampling = request.sampling();
      body.put("temperature", sampling.temperature());
      body.put("top_p", sampling.topP());
      body.put(
          "seed", (sampling.seed() ^ sampling.seed() >>> 32) & 0x7fff_ffffL); // fits everywhere
      body.put("frequency_penalty", sampling.frequencyPenalty());
      body.put("presence_penalty", sampling.presencePenalty());
      if (kind.isExtended()) {
        // Said also where it is off: a server may have a default of its own that is not.
        boolean llama = kind == UpstreamKind.LLAMA_SERVER;
        body.put("top_k", sampling.topK() > 0 || llama ? sampling.topK() : -1);
        body.put("min_p", sampling.minP());
        body.put(llama ? "repeat_penalty" : "repetition_penalty", sampling.repetitionPenalty());
      }
      if (request.ignoreEos()) {
        body.put("ignore_eos", true);
      }
      if (!request.stop().isEmpty()) {
        ArrayNode stops = body.putArray("stop");
        request.stop().forEach(stops::add);
      }
      if (!sampling.logitBias().isEmpty()) {
        ObjectNode biases = body.putObject("logit_bias");
        sampling.logitBias().forEach((token, bias) -> biases.put(token.toString(), bias));
      }
    }

    private static void logprobs(ObjectNode body, GenerationRequest request, UpstreamKind kind) {
      if (!request.logprobs()) {
        return;
      }
      // llama-server tells none where no alternative is asked for.
      int top = Math.max(request.topLogprobs(), kind == UpstreamKind.LLAMA_SERVER ? 1 : 0);
      if (request.prompt() instanceof Prompt.Chat) {
        body.put("logprobs", true);
        body.put("top_logprobs", top);
      } else {
        body.put("logprobs", top);
      }
    }

    /** Asks for tokens as they come and for how many they are, as often as the server says it. */
    private static void stream(ObjectNode body, UpstreamServer server) {
      body.put("model", server.model());
      body.put("stream", true);
      ObjectNode options = body.putObject("stream_options").put("include_usage", true);
      switch (server.kind()) {
        case VLLM -> options.put("continuous_usage_stats", true);
        case SGLANG -> {
          options.put("continuous_usage_stats", true);
          body.put("separate_reasoning", false);
        }
        case LLAMA_SERVER -> {
          body.put("timings_per_token", true);
          body.put("reasoning_format", "none");
        }
        case TRTLLM, OLLAMA, OTHER -> {}
      }
    }
  }
}
