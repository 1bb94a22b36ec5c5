package org.cocoon.router.request;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.link.wire.FinishReason;

/**
 * How an answer ended.
 *
 * @param finish why
 * @param tokens of the prompt, and delivered
 * @param held the most that it could have cost
 * @param cost charged
 * @param receipt the signed statement of it
 * @param worker fingerprint of the worker that finished it
 */
public record Completion(
    FinishReason finish,
    UsedTokens tokens,
    NanoTon held,
    NanoTon cost,
    Receipt receipt,
    String worker) {}
