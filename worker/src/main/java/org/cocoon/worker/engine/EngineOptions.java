package org.cocoon.worker.engine;

/**
 * What an operator can set of a {@link NativeEngine}.
 *
 * @param slots generations that run at the same time, at most the backend's sequences; 0: as many
 *     as the backend has
 * @param maxQueued generations that wait for a slot; one more is refused as busy
 * @param prefillChunk prompt tokens computed in a step in which other generations decode; bounds
 *     how much a long prompt delays the next token of everybody else
 * @param maxCommands calls that wait for the step thread; one more throws in the caller
 * @param maxPromptChars characters of a prompt, looked at before it is cut into tokens
 * @param reusePrefixes whether a prompt may begin with tokens that an earlier one of the same scope
 *     left in a cache, which saves most of the time of a growing conversation
 * @param threadName of the step thread; the prompt thread's begins with it
 */
public record EngineOptions(
    int slots,
    int maxQueued,
    int prefillChunk,
    int maxCommands,
    int maxPromptChars,
    boolean reusePrefixes,
    String threadName) {

  /** What most workers want. */
  public static final EngineOptions DEFAULTS =
      new EngineOptions(0, 64, 256, 16_384, 4 << 20, true, "engine");

  /** Checks that every value is one that an engine can run with. */
  public EngineOptions {
    require(slots >= 0, "slots", "0 or more");
    require(maxQueued >= 0, "maxQueued", "0 or more");
    require(prefillChunk >= 1, "prefillChunk", "1 or more");
    require(maxCommands >= 16, "maxCommands", "16 or more");
    require(maxPromptChars >= 1, "maxPromptChars", "1 or more");
    require(!threadName.isBlank(), "threadName", "a name");
  }

  private static void require(boolean holds, String key, String right) {
    if (!holds) {
      throw new IllegalArgumentException("engine." + key + " must be " + right);
    }
  }

  /** The same with another number of slots. */
  public EngineOptions withSlots(int value) {
    return new EngineOptions(
        value, maxQueued, prefillChunk, maxCommands, maxPromptChars, reusePrefixes, threadName);
  }

  /** The same with another length of the queue. */
  public EngineOptions withMaxQueued(int value) {
    return new EngineOptions(
        slots, value, prefillChunk, maxCommands, maxPromptChars, reusePrefixes, threadName);
  }

  /** The same with another size of prompt chunks. */
  public EngineOptions withPrefillChunk(int value) {
    return new EngineOptions(
        slots, maxQueued, value, maxCommands, maxPromptChars, reusePrefixes, threadName);
  }

  /** The same with prefix reuse switched on or off. */
  public EngineOptions withReusePrefixes(boolean value) {
    return new EngineOptions(
        slots, maxQueued, prefillChunk, maxCommands, maxPromptChars, value, threadName);
  }
}
