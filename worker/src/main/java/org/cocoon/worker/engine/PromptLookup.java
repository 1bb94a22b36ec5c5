package org.cocoon.worker.engine;

/**
 * Guesses what an answer goes on with: what followed when its last tokens stood in prompt or answer
 * before (prompt lookup decoding, Saxena 2023). And learns how often that is right.
 *
 * <p>A guess costs rows of a step, so it is made only where {@link BatchPlan} finds that it pays by
 * the chance of being right that was measured for this answer. Where it does not, one token is
 * guessed now and then, ever more rarely, to see whether that has changed. One for each answer; one
 * thread.
 */
final class PromptLookup {
  /** So many last tokens are looked for, or else {@value #FEWEST}. */
  private static final int MOST = 3;

  private static final int FEWEST = 2;

  /** What a new answer is believed to be like, and how much one guess changes the belief. */
  private static final double FIRST_CHANCE = 0.5;

  private static final double RECENT = 0.25;
  private static final int SHORTEST_PAUSE = 16;
  private static final int LONGEST_PAUSE = 256;

  private double chance = FIRST_CHANCE;
  private int pause;
  private int passed;

  /**
   * The tokens that might come next; none where the last ones did not stand anywhere before.
   *
   * @param most how many at most
   */
  static int[] guess(TokenList tokens, int most) {
    int at = -1;
    for (int length = MOST; length >= FEWEST && at < 0; length--) {
      at = tokens.afterLastOccurrence(length);
    }
    if (at < 0 || most < 1) {
      return new int[0];
    }
    int[] guess = new int[most];
    for (int i = 0; i < most; i++) {
      // Past the end, what repeats itself goes on with the guess.
      int from = at + i;
      guess[i] = from < tokens.size() ? tokens.get(from) : guess[from - tokens.size()];
    }
    return guess;
  }

  /** How many of so many guessed tokens are right, as far as known. */
  double expected(int count) {
    double sum = 0;
    double all = 1;
    for (int i = 0; i < count; i++) {
      all *= chance;
      sum += all;
    }
    return sum;
  }

  /** Whether to guess one token though it does not pay, to learn from it. */
  boolean isTrialDue() {
    if (passed < pause) {
      passed++;
      return false;
    }
    return true;
  }

  /** Hears how many of the guessed tokens, from the first on, were right. */
  void learn(int guessed, int right) {
    for (int i = 0; i < right; i++) {
      chance += RECENT * (1 - chance);
    }
    if (right < guessed) {
      chance -= RECENT * chance;
    }
    passed = 0;
    pause = right > 0 ? 0 : Math.clamp(pause * 2L, SHORTEST_PAUSE, LONGEST_PAUSE);
  }
}
