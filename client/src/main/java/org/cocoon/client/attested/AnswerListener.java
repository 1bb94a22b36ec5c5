package org.cocoon.client.attested;

import java.util.List;
import org.cocoon.link.wire.TokenLogprob;

/**
 * Hears one answer, on the session's event loop: {@link #accepted} once, what the worker said, and
 * then one of {@link #finished} and {@link #failed}, which may also come first. After these two, or
 * after {@link SealedCall#cancel}, nothing more is called.
 */
public interface AnswerListener {
  /**
   * The router took the request.
   *
   * @param requestId as the router's log and the receipt have it; empty if it said none
   */
  void accepted(String requestId);

  /**
   * New text that is authentic.
   *
   * @param text whole UTF-8 characters, perhaps none
   * @param logprobs one for each token, or empty
   */
  void text(byte[] text, List<TokenLogprob> logprobs);

  /** Everything was told that had come so far: a good time to flush. */
  default void turn() {}

  /** The whole answer was told. */
  void finished(SealedEnd end);

  /** It ends here. */
  void failed(Failure failure);
}
