package org.cocoon.worker.engine;

import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;

/** What came of a request before it may wait for a slot. */
sealed interface Preparation {

  /**
   * It can run.
   *
   * @param tokens prompt and continuation
   * @param promptTokens how many of them are the prompt
   * @param answered tokens of the answer that the client has; where they are known by their text
   *     alone, the list may hold more or fewer for it
   * @param text has heard the continuation
   * @param counts holds what penalties need to know of prompt and continuation
   * @param mask has heard the continuation; null where the answer may look like anything
   */
  record Ready(
      TokenList tokens,
      int promptTokens,
      int answered,
      AnswerText text,
      TokenCounts counts,
      @Nullable TokenMask mask)
      implements Preparation {}

  /** The continuation was the whole answer already. */
  record Complete(FinishReason reason, @Nullable String stop, int promptTokens, byte[] text)
      implements Preparation {}

  /** It cannot run; the parameter at fault, or empty. */
  record Rejected(RefusalCause cause, String message, String param) implements Preparation {}
}
