package org.cocoon.client;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;

/**
 * What one answer used and cost, as the server counted it.
 *
 * @param promptTokens tokens of the prompt
 * @param completionTokens tokens of the answer
 * @param cost what was charged; empty where the server does not say
 */
public record Usage(long promptTokens, long completionTokens, Optional<NanoTon> cost) {

  static Usage of(Json usage) {
    Json nanoton = usage.at("cost_nanoton");
    return new Usage(
        usage.at("prompt_tokens").number(0),
        usage.at("completion_tokens").number(0),
        nanoton.isNumber() && nanoton.number(-1) >= 0
            ? Optional.of(new NanoTon(nanoton.number(0)))
            : Optional.empty());
  }
}
