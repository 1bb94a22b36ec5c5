package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.StepOutcome.Alternative;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * One chunk of a streamed answer, of chat or of plain completions.
 *
 * @param text new text, possibly none
 * @param thought new text of a reasoning that the server tells apart
 * @param tokensSoFar how many tokens the answer has, or -1 where this chunk does not say
 * @param tokens how many tokens this chunk has, or -1 where it does not say
 * @param usage what was used in the end, or null
 * @param finish OpenAI's reason, or null where the answer goes on
 * @param stop the stop string that matched, where it is told
 * @param logprobs of the new tokens
 * @param model the model's name, or empty
 * @param failed whether the server tells of an error in the chunk's place
 */
record AnswerChunk(
    String text,
    String thought,
    int tokensSoFar,
    int tokens,
    @Nullable Usage usage,
    @Nullable String finish,
    @Nullable String stop,
    List<TokenLogprob> logprobs,
    String model,
    boolean failed) {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final int MOST_ALTERNATIVES = 20;

  /** What OpenAI tells of a token that is too unlikely to tell. */
  private static final double NO_LOGPROB = -9999;

  /**
   * What an answer used.
   *
   * @param promptTokens of the prompt
   * @param completionTokens of the answer; some servers count its end token
   * @param cachedPromptTokens prompt tokens that were not computed
   */
  record Usage(int promptTokens, int completionTokens, int cachedPromptTokens) {}

  /** Without content. */
  @Override
  public String toString() {
    return "AnswerChunk[tokensSoFar=" + tokensSoFar + ", finish=" + finish + "]";
  }

  /**
   * Reads one.
   *
   * @throws UpstreamFault if it is no JSON object in UTF-8, or not one of a single answer
   */
  static AnswerChunk parse(byte[] json) throws UpstreamFault {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UpstreamFault("a chunk is no JSON"); // its message would quote the answer
    } catch (IOException e) {
      throw new UpstreamFault("a chunk is no UTF-8");
    }
    if (!root.isObject()) {
      throw new UpstreamFault("a chunk is no JSON object");
    }
    JsonNode choices = root.path("choices");
    JsonNode choice = choices.path(0);
    if (choices.size() > 1 || choice.path("index").asInt(0) != 0) {
      throw new UpstreamFault("a chunk holds more answers than one");
    }
    JsonNode delta = choice.path("delta");
    Usage usage = usage(root.path("usage"));
    List<TokenLogprob> logprobs = logprobs(choice.path("logprobs"));
    JsonNode ids = choice.path("token_ids");
    return new AnswerChunk(
        text(delta.has("content") ? delta.path("content") : choice.path("text")),
        text(
            delta.has("reasoning_content")
                ? delta.path("reasoning_content")
                : delta.path("reasoning")),
        usage != null ? usage.completionTokens() : count(root.path("timings").path("predicted_n")),
        ids.isArray() ? ids.size() : logprobs.isEmpty() ? -1 : logprobs.size(),
        usage,
        word(choice.path("finish_reason")),
        word(choice.path("stop_reason")),
        logprobs,
        text(root.path("model")),
        root.has("error") || (root.has("code") && choices instanceof MissingNode));
  }

  private static String text(JsonNode node) throws UpstreamFault {
    if (node.isMissingNode() || node.isNull()) {
      return "";
    }
    if (!node.isTextual()) {
      throw new UpstreamFault("a chunk has something else where its text should be");
    }
    return node.textValue();
  }

  private static @Nullable String word(JsonNode node) {
    return node.isTextual() ? node.textValue() : null;
  }

  private static int count(JsonNode node) throws UpstreamFault {
    if (node.isMissingNode() || node.isNull()) {
      return -1;
    }
    if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 0) {
      throw new UpstreamFault("a chunk counts tokens with something that is no count");
    }
    return node.intValue();
  }

  private static @Nullable Usage usage(JsonNode node) throws UpstreamFault {
    if (!node.isObject()) {
      return null;
    }
    int completion = count(node.path("completion_tokens"));
    return completion < 0
        ? null
        : new Usage(
            Math.max(count(node.path("prompt_tokens")), 0),
            completion,
            Math.max(count(node.path("prompt_tokens_details").path("cached_tokens")), 0));
  }

  // ------------------------------------------------------------------ log probabilities

  private static List<TokenLogprob> logprobs(JsonNode node) {
    List<TokenLogprob> all = new ArrayList<>();
    if (node.path("content").isArray()) {
      for (JsonNode token : node.path("content")) {
        List<Alternative> top = new ArrayList<>();
        for (JsonNode other : token.path("top_logprobs")) {
          if (top.size() < MOST_ALTERNATIVES) {
            top.add(new Alternative(id(other), piece(other), logprob(other.path("logprob"))));
          }
        }
        all.add(new TokenLogprob(piece(token), logprob(token.path("logprob")), top));
      }
    } else if (node.path("tokens").isArray()) { // plain completions have arrays side by side
      for (int i = 0; i < node.path("tokens").size(); i++) {
        all.add(
            new TokenLogprob(
                node.path("tokens").path(i).asText("").getBytes(UTF_8),
                logprob(node.path("token_logprobs").path(i)),
                alternatives(node.path("top_logprobs").path(i))));
      }
    }
    return all;
  }

  private static List<Alternative> alternatives(JsonNode byPiece) {
    List<Alternative> top = new ArrayList<>();
    Iterator<Map.Entry<String, JsonNode>> fields = byPiece.fields();
    while (fields.hasNext() && top.size() < MOST_ALTERNATIVES) {
      Map.Entry<String, JsonNode> one = fields.next();
      top.add(
          new Alternative(
              Continuation.UNKNOWN_ID, one.getKey().getBytes(UTF_8), logprob(one.getValue())));
    }
    return top;
  }

  private static int id(JsonNode token) {
    return token.path("id").asInt(Continuation.UNKNOWN_ID);
  }

  private static float logprob(JsonNode node) {
    return (float) node.asDouble(NO_LOGPROB);
  }

  /** A token's bytes, where they are told: half a character has no text of its own. */
  private static byte[] piece(JsonNode token) {
    JsonNode bytes = token.path("bytes");
    if (!bytes.isArray()) {
      return token.path("token").asText("").getBytes(UTF_8);
    }
    byte[] piece = new byte[bytes.size()];
    for (int i = 0; i < piece.length; i++) {
      piece[i] = (byte) bytes.path(i).asInt();
    }
    return piece;
  }
}
