package org.cocoon.router.request;

import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.link.wire.FinishReason;

/**
 * How the answers to a request ended.
 *
 * @param finishes why, of each choice
 * @param tokens of the prompt, and delivered
 * @param held the most that it could have cost
 * @param cost charged
 * @param receipt the signed statement of it
 * @param worker fingerprint of the worker that finished it, or most of it
 */
public record Completion(
    List<FinishReason> finishes,
    UsedTokens tokens,
    NanoTon held,
    NanoTon cost,
    Receipt receipt,
    String worker) {

  /** Why the only answer, or the first, ended. */
  public FinishReason finish() {
    return finishes.getFirst();
  }
}
