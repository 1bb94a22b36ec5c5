package org.cocoon.worker.engine;

/**
 * What an operator can set of a {@link NativeEngine}.
 *
 * @param slots generations that run at the same time, at most the backend's sequences; 0: as many
 *     as the backend has. Sequences beyond that keep prefixes of earlier prompts
 * @param maxQueued generations that wait for a slot; one more is refused as busy
 * @param prefillChunk prompt tokens computed at most in a step in which other generations decode
 * @param targetStepMillis how long a step with prompt tokens is planned to take at most, so how
 *     long a prompt, however long, delays the next token of everybody else: see {@link BatchPlan}
 *     for the bound. 0: as long as it takes
 * @param patienceMillis how long a generation waits for a slot before it counts as starved, and one
 *     with a slot for credit before it counts as stalled: see {@link Admission}
 * @param maxPreemptions how often one generation gives its slot up for others; 0: never
 * @param promptLookup how many next tokens of an answer are guessed at most from what stood in
 *     prompt or answer before: see {@link PromptLookup}; 0: none
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
    int targetStepMillis,
    int patienceMillis,
    int maxPreemptions,
    int promptLookup,
    int maxCommands,
    int maxPromptChars,
    boolean reusePrefixes,
    String threadName) {

  /** What most workers want. */
  public static final EngineOptions DEFAULTS =
      new EngineOptions(0, 64, 256, 100, 5_000, 2, 0, 16_384, 4 << 20, true, "engine");

  /** Checks that every value is one that an engine can run with. */
  public EngineOptions {
    require(slots >= 0, "slots", "0 or more");
    require(maxQueued >= 0, "maxQueued", "0 or more");
    require(prefillChunk >= 1, "prefillChunk", "1 or more");
    require(targetStepMillis >= 0, "targetStepMillis", "0 or more");
    require(patienceMillis >= 1, "patienceMillis", "1 or more");
    require(maxPreemptions >= 0, "maxPreemptions", "0 or more");
    require(promptLookup >= 0 && promptLookup <= 64, "promptLookup", "0 to 64");
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
    return with(value, maxQueued, prefillChunk, targetStepMillis, reusePrefixes);
  }

  /** The same with another length of the queue. */
  public EngineOptions withMaxQueued(int value) {
    return with(slots, value, prefillChunk, targetStepMillis, reusePrefixes);
  }

  /** The same with another size of prompt chunks. */
  public EngineOptions withPrefillChunk(int value) {
    return with(slots, maxQueued, value, targetStepMillis, reusePrefixes);
  }

  /** The same with another longest time of a step. */
  public EngineOptions withTargetStepMillis(int value) {
    return with(slots, maxQueued, prefillChunk, value, reusePrefixes);
  }

  /** The same with prefix reuse switched on or off. */
  public EngineOptions withReusePrefixes(boolean value) {
    return with(slots, maxQueued, prefillChunk, targetStepMillis, value);
  }

  private EngineOptions with(
      int newSlots, int newMaxQueued, int newChunk, int newTarget, boolean newReuse) {
    return new EngineOptions(
        newSlots,
        newMaxQueued,
        newChunk,
        newTarget,
        patienceMillis,
        maxPreemptions,
        promptLookup,
        maxCommands,
        maxPromptChars,
        newReuse,
        threadName);
  }

  /** The same with another patience and number of times that a slot is given up. */
  public EngineOptions withPreemption(int newPatienceMillis, int newMaxPreemptions) {
    return new EngineOptions(
        slots,
        maxQueued,
        prefillChunk,
        targetStepMillis,
        newPatienceMillis,
        newMaxPreemptions,
        promptLookup,
        maxCommands,
        maxPromptChars,
        reusePrefixes,
        threadName);
  }

  /** The same with so many guessed tokens. */
  public EngineOptions withPromptLookup(int value) {
    return new EngineOptions(
        slots,
        maxQueued,
        prefillChunk,
        targetStepMillis,
        patienceMillis,
        maxPreemptions,
        value,
        maxCommands,
        maxPromptChars,
        reusePrefixes,
        threadName);
  }
}
