package org.cocoon.bench;

/**
 * One batch of prompts, answered at the same time.
 *
 * @param promptTokens of all prompts together, as the answering side counted them
 * @param outputTokens of all answers together
 * @param seconds from the first request to the last token
 */
record EnginePass(long promptTokens, long outputTokens, double seconds) {

  double tokensPerSecond() {
    return outputTokens / seconds;
  }
}
