package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.worker.engine.StepOutcome.Alternative;
import org.cocoon.worker.engine.StepOutcome.TokenLogprob;

/**
 * Tells how likely a token was, and what else was.
 *
 * <p>A log probability is the log softmax of the logits as the model gave them, before temperature,
 * penalties, bias and cuts: it says what the model thought, not how it was sampled. So the chosen
 * token need not be among the alternatives. One thread.
 */
final class Logprobs {
  private final LogitRow row;
  private final TokenTable tokens;

  Logprobs(LogitRow row, TokenTable tokens) {
    this.row = row;
    this.tokens = tokens;
  }

  /** Describes a token chosen from the row that was loaded last; undoes changes to its copy. */
  TokenLogprob describe(int token, int alternatives) {
    double logSumExp = row.logSumExp();
    int[] best = mostLikely(alternatives);
    List<Alternative> top = new ArrayList<>(best.length);
    for (int entry : best) {
      int id = row.token(entry);
      top.add(new Alternative(id, tokens.piece(id), (float) (row.raw(entry) - logSumExp)));
    }
    int chosen = row.entry(token);
    float logprob = // one that the form of the answer forced need be no candidate
        chosen < 0 ? Float.NEGATIVE_INFINITY : (float) (row.raw(chosen) - logSumExp);
    return new TokenLogprob(tokens.piece(token), logprob, List.copyOf(top));
  }

  /** Entries of the largest raw logits, largest first, by insertion into a short list. */
  private int[] mostLikely(int wanted) {
    int[] best = new int[Math.min(wanted, row.size())];
    int count = 0;
    for (int entry = 0; entry < row.size() && best.length > 0; entry++) {
      float logit = row.raw(entry);
      if (count == best.length && logit <= row.raw(best[count - 1])) {
        continue;
      }
      int at = count < best.length ? count++ : count - 1;
      while (at > 0 && row.raw(best[at - 1]) < logit) {
        best[at] = best[at - 1];
        at--;
      }
      best[at] = entry;
    }
    return best;
  }
}
