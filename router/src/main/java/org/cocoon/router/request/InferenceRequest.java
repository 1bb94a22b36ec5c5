package org.cocoon.router.request;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.ToolUse;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * A request that was parsed, validated and authenticated.
 *
 * @param id unique; in every header, log line, usage row and receipt of it
 * @param account who pays
 * @param run what a worker is told, all but what the request path adds to it
 * @param promptBytes UTF-8 bytes of prompt text, or of a sealed prompt's ciphertext: the upper
 *     bound of its tokens
 * @param messages how many messages it has; 1 for a text prompt or a sealed one
 * @param maxTokens the most that may be generated; 0: until the context ends
 * @param maxCoefficient the dearest worker that the client accepts; 1000 = 1.0
 * @param timeoutMillis from arrival to the end; the request's own deadline
 * @param priority 0 (first) to 9 (last)
 * @param choices how many answers
 */
public record InferenceRequest(
    UUID id,
    Account account,
    Run run,
    int promptBytes,
    int messages,
    int maxTokens,
    int maxCoefficient,
    long timeoutMillis,
    int priority,
    int choices) {

  /** A parsed body of this account. */
  public static InferenceRequest of(UUID id, Account account, ParsedRequest parsed) {
    return new InferenceRequest(
        id,
        account,
        parsed.run(),
        parsed.promptBytes(),
        parsed.messages(),
        parsed.maxTokens(),
        parsed.maxCoefficient(),
        parsed.timeoutMillis(),
        parsed.priority(),
        parsed.choices());
  }

  /** The same with another deadline. */
  public InferenceRequest withTimeout(long millis) {
    return new InferenceRequest(
        id,
        account,
        run,
        promptBytes,
        messages,
        maxTokens,
        maxCoefficient,
        millis,
        priority,
        choices);
  }

  /** Whether its prompt and its answer are sealed past this router. */
  public boolean sealed() {
    return run.hasSealed();
  }

  /**
   * What beyond plain generation a worker must be able to do, each under the name of the parameter
   * that asks for it. Of a sealed request nobody here can say.
   */
  public Map<String, String> features() {
    Chat chat = run.getChat();
    boolean tools = !chat.getTools().isEmpty() && chat.getToolUse() != ToolUse.TOOL_USE_NONE;
    boolean bias = run.getSampling().getLogitBiasCount() > 0;
    if (!run.hasForm() && !tools && !bias) {
      return Map.of(); // most requests, and asked more than once of each
    }
    Map<String, String> features = new LinkedHashMap<>();
    if (run.hasForm()) {
      features.put("response_format", "json");
    }
    if (tools) {
      features.put("tools", "tools");
    }
    if (bias) {
      features.put("logit_bias", "logit_bias");
    }
    return Collections.unmodifiableMap(features);
  }

  /** The model asked for. */
  public String model() {
    return run.getModel();
  }

  /** Prompt tokens at most: no tokenizer makes more tokens than bytes, plus the chat template's. */
  public int promptTokensAtMost() {
    return promptBytes + 32 * messages + 256;
  }

  /** A fair guess of the prompt's tokens, for dispatch: four bytes to a token. */
  public int promptTokensExpected() {
    return promptBytes / 4 + 8 * messages + 8;
  }
}
