package org.cocoon.router.request;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.link.wire.FinishReason;

/**
 * How an answer ended.
 *
 * @param finish why
 * @param promptTokens of the prompt
 * @param completionTokens delivered
 * @param cachedPromptTokens of the prompt, not computed again
 * @param cost charged
 * @param receipt the signed statement of it
 * @param worker fingerprint of the worker that finished it
 */
public record Completion(
    FinishReason finish,
    long promptTokens,
    long completionTokens,
    long cachedPromptTokens,
    NanoTon cost,
    Receipt receipt,
    String worker) {}
