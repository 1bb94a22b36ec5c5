package org.cocoon.worker.engine;

/**
 * How busy an engine is.
 *
 * @param running generations that hold a slot
 * @param queued generations that wait for one
 * @param queuedPromptTokens prompt tokens not yet computed, of running and queued generations
 * @param decodeTokensPerSecond over the last second, of all slots together
 * @param prefillTokensPerSecond over the last second
 */
public record EngineLoad(
    int running,
    int queued,
    long queuedPromptTokens,
    int decodeTokensPerSecond,
    int prefillTokensPerSecond) {
  /** Nothing runs and nothing waits. */
  public static final EngineLoad NONE = new EngineLoad(0, 0, 0, 0, 0);

  /** Of two engines together. */
  public EngineLoad plus(EngineLoad other) {
    return new EngineLoad(
        running + other.running,
        queued + other.queued,
        queuedPromptTokens + other.queuedPromptTokens,
        decodeTokensPerSecond + other.decodeTokensPerSecond,
        prefillTokensPerSecond + other.prefillTokensPerSecond);
  }

  /** Generations that have not ended. */
  public int unfinished() {
    return running + queued;
  }
}
