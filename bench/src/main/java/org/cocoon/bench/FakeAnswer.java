package org.cocoon.bench;

import java.util.List;
import org.cocoon.backend.FakeModel;
import org.cocoon.client.ChatRequest.Message;

/**
 * What the fake engine must answer: a hash of all tokens before each token, so that a mixed-up,
 * lost or doubled token shows. Its pieces are four characters each.
 */
final class FakeAnswer implements Expectation {
  private static final int PIECE_CHARS = 4;

  /** The prompt as a worker renders it for a model that has no chat template. */
  static String rendered(List<Message> messages) {
    StringBuilder prompt = new StringBuilder();
    for (Message message : messages) {
      prompt.append(message.role()).append(": ").append(message.content()).append('\n');
    }
    return prompt.append("assistant:").toString();
  }

  @Override
  public String difference(List<Message> messages, String text, long outputTokens) {
    int pieces = text.length() / PIECE_CHARS;
    int[] answer = FakeModel.answer(FakeModel.tokenize(rendered(messages)), pieces);
    String right = FakeModel.text(answer);
    for (int i = 0; i < right.length(); i++) {
      if (right.charAt(i) != text.charAt(i)) {
        return "from token " + i / PIECE_CHARS + " on";
      }
    }
    if (text.length() != right.length()) {
      return "torn last token";
    }
    // The end token is counted by some servers and has no text.
    boolean counted =
        outputTokens == RequestRecord.UNKNOWN
            || outputTokens == pieces
            || outputTokens == pieces + 1L;
    return counted ? "" : "tokens told and tokens sent differ";
  }
}
