package org.cocoon.worker;

import java.time.Duration;
import org.cocoon.worker.engine.EngineOptions;
import picocli.CommandLine.Option;

/** How an engine of ours shares its time and its caches, on a worker's command line; a mixin. */
final class SchedulingArguments {
  private static final int MOST_KEPT = 248;
  private static final Duration LONGEST = Duration.ofHours(1);

  @Option(
      names = "--prefill-chunk",
      defaultValue = "64",
      description = "Prompt tokens in a step in which others generate, at most (default 64).")
  private int prefillChunk;

  @Option(
      names = "--target-step-ms",
      defaultValue = "100",
      paramLabel = "MS",
      description =
          "Prompts are cut so that no step is planned longer, which bounds the time between two"
              + " tokens of everybody else (default 100; 0: by --prefill-chunk alone).")
  private int targetStepMillis;

  @Option(
      names = "--max-queued",
      defaultValue = "64",
      paramLabel = "N",
      description = "Requests that wait for a slot; one more is refused as busy (default 64).")
  private int maxQueued;

  @Option(
      names = "--kept-prefixes",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "llama: prefixes of earlier prompts kept beside those in free slots, each for the memory"
              + " of one slot (default 0).")
  private int keptPrefixes;

  @Option(
      names = "--patience",
      defaultValue = "PT5S",
      paramLabel = "DURATION",
      description =
          "How long a request waits before it counts as starved, and one that runs may leave its"
              + " answer unread before others may have its slot (default PT5S).")
  private Duration patience = Duration.ofSeconds(5);

  @Option(
      names = "--max-preemptions",
      defaultValue = "2",
      paramLabel = "N",
      description = "How often one request gives its slot up for others, 0 to 100 (default 2).")
  private int maxPreemptions;

  @Option(
      names = "--prompt-lookup",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "llama: guess up to N next tokens from what stood in prompt or answer before, where that"
              + " pays; texts stay the same (default 0: off). docs/adr/0023 says where it pays.")
  private int promptLookup;

  @Option(
      names = "--no-prefix-reuse",
      description = "Compute every prompt anew, so that no timing tells what others asked.")
  private boolean noPrefixReuse;

  /** How many prefixes of earlier prompts are kept beside those in free slots. */
  int keptPrefixes() {
    return keptPrefixes;
  }

  /** How many tokens are guessed at most. */
  int promptLookup() {
    return promptLookup;
  }

  /**
   * The options of an engine.
   *
   * @param onCpu whether it is one that computes on the CPU: others keep and guess nothing
   * @param slots requests at a time
   * @throws IllegalArgumentException a sentence that names the option that is wrong
   */
  EngineOptions options(boolean onCpu, int slots) {
    within("--kept-prefixes", keptPrefixes, 0, MOST_KEPT);
    if (keptPrefixes > 0 && !onCpu) {
      throw new IllegalArgumentException("--kept-prefixes needs --engine llama");
    }
    if (keptPrefixes > 0 && noPrefixReuse) {
      throw new IllegalArgumentException("--kept-prefixes keeps what --no-prefix-reuse forbids");
    }
    within("--prompt-lookup", promptLookup, 0, 64);
    if (promptLookup > 0 && !onCpu) {
      throw new IllegalArgumentException("--prompt-lookup needs --engine llama");
    }
    if (patience.compareTo(Duration.ofMillis(1)) < 0 || patience.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("--patience is PT0.001S to " + LONGEST);
    }
    return EngineOptions.DEFAULTS
        .withSlots(keptPrefixes == 0 ? 0 : slots)
        .withMaxQueued(within("--max-queued", maxQueued, 0, 65_536))
        .withReusePrefixes(!noPrefixReuse)
        .withPrefillChunk(within("--prefill-chunk", prefillChunk, 1, 65_536))
        .withTargetStepMillis(within("--target-step-ms", targetStepMillis, 0, 60_000))
        .withPromptLookup(promptLookup)
        .withPreemption(
            (int) patience.toMillis(), within("--max-preemptions", maxPreemptions, 0, 100));
  }

  private static int within(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s is %d to %d, not %d".formatted(option, least, most, value));
    }
    return value;
  }
}
