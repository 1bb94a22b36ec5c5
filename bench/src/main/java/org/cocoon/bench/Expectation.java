package org.cocoon.bench;

import java.util.List;
import org.cocoon.client.ChatRequest.Message;

/** Knows what the right answer to a conversation is. Any thread. */
@FunctionalInterface
interface Expectation {
  /**
   * Compares a whole answer with the right one.
   *
   * @param messages what was asked
   * @param text the answer, all pieces together
   * @param outputTokens the server's count, or {@link RequestRecord#UNKNOWN}
   * @return what is wrong, in words that hold neither prompt nor answer; empty if nothing is
   */
  String difference(List<Message> messages, String text, long outputTokens);
}
