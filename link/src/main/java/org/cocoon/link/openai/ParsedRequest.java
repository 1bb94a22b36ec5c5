package org.cocoon.link.openai;

import org.cocoon.link.wire.Run;
import org.jspecify.annotations.Nullable;

/**
 * What a body asks for.
 *
 * @param run what a worker is told, all but the run's number, its request id, its credit, its cache
 *     scope and a continuation
 * @param chat whether it came as a chat, else as a plain completion
 * @param promptBytes UTF-8 bytes of prompt text, the upper bound of its tokens; of a sealed prompt
 *     the bytes of its ciphertext, which hides no more than that
 * @param messages how many messages it has; 1 for a text prompt or a sealed one
 * @param maxTokens the most that may be generated; 0: until the context ends
 * @param maxCoefficient the dearest worker that the client accepts; 1000 = 1.0
 * @param timeoutMillis from arrival to the end; the request's own deadline
 * @param priority 0 (first) to 9 (last)
 * @param stream whether the answer is streamed
 * @param includeUsage whether a last chunk tells the usage
 * @param parallelToolCalls whether an answer may call more than one tool
 * @param choices how many answers, 1 to {@value RequestParser#MAX_CHOICES}; each draws from a seed
 *     of its own, the first from the run's
 */
public record ParsedRequest(
    Run run,
    boolean chat,
    int promptBytes,
    int messages,
    int maxTokens,
    int maxCoefficient,
    long timeoutMillis,
    int priority,
    boolean stream,
    boolean includeUsage,
    boolean parallelToolCalls,
    int choices) {
  private static final int MOST_CALLS = 128;

  /** What finds the tool calls in the text of an answer; null where there can be none. */
  public @Nullable ToolCallReader toolCalls() {
    if (!AnswerFields.callsTools(run.getChat())) {
      return null;
    }
    return new ToolCallReader(
        AnswerFields.names(run.getChat().getTools()), parallelToolCalls ? MOST_CALLS : 1);
  }
}
