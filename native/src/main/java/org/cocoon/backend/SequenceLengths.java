package org.cocoon.backend;

import java.util.Arrays;

/** How many tokens each sequence of a backend holds; for backends that keep that in Java. */
public final class SequenceLengths {
  private final int[] lengths;

  /** Makes so many empty sequences. */
  public SequenceLengths(int sequences) {
    lengths = new int[sequences];
  }

  /** Tokens by sequence: not a copy, so that a step changes it in place. */
  public int[] values() {
    return lengths;
  }

  /**
   * As {@link Backend#truncate}.
   *
   * @throws BackendException if there is no such sequence or position; then nothing has changed
   */
  public void truncate(int sequence, int fromPosition) {
    check(sequence);
    if (fromPosition < 0) {
      throw new BackendException("position " + fromPosition + " is below 0");
    }
    lengths[sequence] = Math.min(lengths[sequence], fromPosition);
  }

  /**
   * As {@link Backend#copyPrefix}.
   *
   * @throws BackendException if it cannot be done; then nothing has changed
   */
  public void copyPrefix(int fromSequence, int toSequence, int tokens) {
    check(fromSequence);
    check(toSequence);
    if (lengths[toSequence] != 0) {
      throw new BackendException(
          "sequence " + toSequence + " is not empty: it holds " + lengths[toSequence] + " tokens");
    }
    if (tokens < 0 || tokens > lengths[fromSequence]) {
      throw new BackendException(
          "sequence %d holds %d tokens, so %d cannot be copied"
              .formatted(fromSequence, lengths[fromSequence], tokens));
    }
    lengths[toSequence] = tokens;
  }

  /** Throws a {@link BackendException} if there is no such sequence. */
  public void check(int sequence) {
    if (sequence < 0 || sequence >= lengths.length) {
      throw new BackendException(
          "there is no sequence " + sequence + "; they are 0 to " + (lengths.length - 1));
    }
  }

  @Override
  public String toString() {
    return Arrays.toString(lengths);
  }
}
