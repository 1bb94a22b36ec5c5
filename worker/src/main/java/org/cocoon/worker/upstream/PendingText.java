package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * What came of an answer and may not be sent yet, because its credit is used up. Whoever fills it
 * stops reading while it holds anything, so it holds one buffer's chunks at most. One thread.
 */
final class PendingText {
  private static final byte[] NOTHING = new byte[0];

  private record Part(byte[] text, int tokens, List<TokenLogprob> logprobs) {}

  private final RunKey key;
  private final ArrayDeque<Part> parts = new ArrayDeque<>();
  private String skip;
  private int credit;

  /**
   * Makes one.
   *
   * @param skip whitespace that the text may begin with once more, and that is dropped then
   * @param credit tokens that may be sent
   */
  PendingText(RunKey key, String skip, int credit) {
    this.key = key;
    this.skip = skip;
    this.credit = Math.max(credit, 0);
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  void grant(int tokens) {
    credit = (int) Math.min((long) credit + Math.max(tokens, 0), Integer.MAX_VALUE);
  }

  /** Adds what a chunk held; text may come without a token, and a token without text. */
  void add(String text, int tokens, List<TokenLogprob> logprobs) {
    String fresh = withoutSkipped(text);
    if (!fresh.isEmpty() || tokens > 0) {
      List<TokenLogprob> told =
          logprobs.size() > tokens ? logprobs.subList(0, tokens) : List.copyOf(logprobs);
      parts.add(new Part(fresh.getBytes(UTF_8), tokens, told));
    }
  }

  private String withoutSkipped(String text) {
    int same = 0;
    while (same < skip.length() && same < text.length() && text.charAt(same) == skip.charAt(same)) {
      same++;
    }
    if (!text.isEmpty()) {
      skip = same == text.length() ? skip.substring(same) : "";
    }
    return text.substring(same);
  }

  /** Takes what the credit covers; a part of more tokens than that goes in portions. */
  @Nullable Delta take() {
    Part part = parts.peekFirst();
    if (part == null || (part.tokens > 0 && credit == 0)) {
      return null;
    }
    parts.removeFirst();
    int now = Math.min(part.tokens, credit);
    int told = Math.min(part.logprobs.size(), now);
    if (now < part.tokens) {
      List<TokenLogprob> rest = part.logprobs.subList(told, part.logprobs.size());
      parts.addFirst(new Part(NOTHING, part.tokens - now, rest));
    }
    credit -= now;
    int[] ids = new int[now];
    Arrays.fill(ids, Continuation.UNKNOWN_ID);
    return new Delta(key, ids, part.text, part.logprobs.subList(0, told));
  }
}
