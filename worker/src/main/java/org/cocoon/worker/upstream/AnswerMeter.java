package org.cocoon.worker.upstream;

import org.jspecify.annotations.Nullable;

/**
 * Counts the tokens of one answer, of which a server shows only text.
 *
 * <p>A chunk is not always one token. Where the server says how many there are so far, that counts;
 * else its ids or log probabilities; else one for each chunk with text, until the usage at the end
 * corrects it. What is not believed: a count that falls, one above what was asked for, and more
 * tokens than bytes of text. One thread.
 */
final class AnswerMeter {
  /** Tokens of an answer that have no text: its end, and marks that are not shown. */
  private static final int MOST_WITHOUT_TEXT = 16;

  private final int mostTokens;
  private int counted;
  private long textBytes;
  private @Nullable String doubt;

  AnswerMeter(int mostTokens) {
    this.mostTokens = mostTokens;
  }

  /** Tokens counted until now. */
  int counted() {
    return counted;
  }

  /** Whether the answer has all the tokens that it may. */
  boolean isFull() {
    return counted >= mostTokens;
  }

  /** What of the server's counts was not believed, in words for the log; null: nothing. */
  @Nullable String doubt() {
    return doubt;
  }

  /**
   * Counts a chunk.
   *
   * @param bytes of its text
   * @param soFar what it says of the whole answer, or -1
   * @param own what it says of itself, or -1
   * @param ends whether it is the last one, which may be the end token's
   * @return how many tokens it is
   */
  int chunk(int bytes, int soFar, int own, boolean ends) {
    textBytes += bytes;
    int fresh = bytes > 0 ? 1 : 0;
    if (soFar >= 0) {
      fresh = believed(soFar);
      if (ends && bytes == 0 && fresh == 1) {
        fresh = 0; // the end token: no engine of ours counts it
      }
    } else if (own >= 0) {
      fresh = own;
    }
    if (bytes > 0 && counted == 0) {
      fresh = Math.max(fresh, 1); // nothing is given for nothing
    }
    return add(fresh);
  }

  /**
   * Corrects the count at the end of an answer.
   *
   * @param completionTokens what the usage says
   * @param stopped whether the answer ended by itself, so that an end token may be among them
   * @return how many tokens more than counted
   */
  int correct(int completionTokens, boolean stopped) {
    int more = believed(completionTokens);
    return add(stopped && more == 1 ? 0 : more);
  }

  private int believed(int said) {
    if (said < counted) {
      doubt = "it counts fewer tokens than it sent";
      return 0;
    }
    if (said > textBytes + MOST_WITHOUT_TEXT) {
      doubt = "it counts more tokens than its text can have";
      return 0;
    }
    return said - counted;
  }

  private int add(int fresh) {
    int within = Math.clamp(fresh, 0, mostTokens - counted);
    counted += within;
    return within;
  }
}
