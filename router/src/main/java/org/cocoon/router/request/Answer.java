package org.cocoon.router.request;

import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;

/**
 * Where the answer to a request goes, or its several answers: a stream of events, one JSON body, or
 * frames on a socket. The edge implements it; the relay calls it, on the event loop. After {@link
 * #finished} or {@link #refused} nothing more is called.
 */
public interface Answer {

  /**
   * What it can cost at most is reserved; called at most once, before everything else.
   *
   * @param hold the most that it can cost
   */
  default void held(NanoTon hold) {}

  /**
   * New text.
   *
   * @param choice of which answer, from 0
   * @param text whole UTF-8 characters, perhaps none; the caller's array, not to be kept or changed
   * @param tokens how many tokens came with it
   * @param logprobs one for each token, or empty
   */
  void text(int choice, byte[] text, int tokens, List<TokenLogprob> logprobs);

  /**
   * A chunk that only the client can open; of a sealed request instead of {@link #text}.
   *
   * @param chunk as a worker sealed it; the caller's array, not to be kept or changed
   * @param tokens how many tokens are in it
   */
  void sealed(byte[] chunk, int tokens);

  /**
   * One of several answers is complete, and others go on. Of the last one, or the only one, {@link
   * #finished} tells, when all are charged.
   *
   * @param choice which, from 0
   */
  default void ended(int choice, FinishReason finish) {}

  /** All answers were given and are charged. */
  void finished(Completion completion);

  /** It ends here with an error; nothing that was not delivered is charged. */
  void refused(Refusal refusal);

  /** Whether the client takes more now. When it does again, the edge tells the request path. */
  boolean writable();

  /** Called about each second: a place for keep-alives. */
  default void tick(long nowNanos) {}
}
