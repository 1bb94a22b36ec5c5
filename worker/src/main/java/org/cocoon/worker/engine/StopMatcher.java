package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds stop strings in text that arrives in pieces, and lets no byte of one leave.
 *
 * <p>The match that is complete first wins, the longest where several end at the same byte. That
 * does not depend on how the text was cut. Text that may begin a stop string is withheld until it
 * is clear that it does not. One Knuth-Morris-Pratt automaton runs for each string, over UTF-8
 * bytes: UTF-8 is self-synchronising, so a match of bytes is a match of characters.
 */
final class StopMatcher {
  private final List<String> stops;
  private final byte[][] patterns;
  private final int[][] failures;
  private final int[] states;
  private byte[] held = new byte[0];
  private @Nullable String matched;

  StopMatcher(List<String> stops) {
    this.stops = stops;
    patterns = stops.stream().map(stop -> stop.getBytes(UTF_8)).toArray(byte[][]::new);
    failures = new int[patterns.length][];
    for (int i = 0; i < patterns.length; i++) {
      failures[i] = failures(patterns[i]);
    }
    states = new int[patterns.length];
  }

  /** The stop string that ended the text, or null while none has. */
  @Nullable String matched() {
    return matched;
  }

  /** Takes text and writes what cannot be part of a stop string. Nothing leaves after a match. */
  void feed(byte[] text, ByteArrayOutputStream out) {
    if (matched != null) {
      return;
    }
    if (patterns.length == 0) {
      out.writeBytes(text);
      return;
    }
    for (int i = 0; i < text.length; i++) {
      int winner = advance(text[i]);
      if (winner >= 0) {
        matched = stops.get(winner);
        release(text, held.length + i + 1 - patterns[winner].length, out);
        held = new byte[0];
        return;
      }
    }
    hold(text, longestState(), out);
  }

  /** Writes what is still withheld, since no more text will come. */
  void finish(ByteArrayOutputStream out) {
    if (matched == null) {
      out.writeBytes(held);
      held = new byte[0];
    }
  }

  private int advance(byte next) {
    int winner = -1;
    for (int i = 0; i < patterns.length; i++) {
      byte[] pattern = patterns[i];
      int state = states[i];
      while (state > 0 && pattern[state] != next) {
        state = failures[i][state - 1];
      }
      if (pattern[state] == next) {
        state++;
      }
      states[i] = state;
      if (state == pattern.length && (winner < 0 || state > patterns[winner].length)) {
        winner = i;
      }
    }
    return winner;
  }

  private int longestState() {
    int longest = 0;
    for (int state : states) {
      longest = Math.max(longest, state);
    }
    return longest;
  }

  /** Writes the first {@code count} bytes of what was held and the new text. */
  private void release(byte[] text, int count, ByteArrayOutputStream out) {
    int fromHeld = Math.min(count, held.length);
    out.write(held, 0, fromHeld);
    out.write(text, 0, count - fromHeld);
  }

  /** Keeps the last {@code keep} bytes of what was held and the new text, and writes the rest. */
  private void hold(byte[] text, int keep, ByteArrayOutputStream out) {
    int leave = held.length + text.length - keep;
    byte[] kept = new byte[keep];
    for (int i = 0; i < keep; i++) {
      int at = leave + i;
      kept[i] = at < held.length ? held[at] : text[at - held.length];
    }
    release(text, leave, out);
    held = kept;
  }

  private static int[] failures(byte[] pattern) {
    int[] failure = new int[pattern.length];
    int state = 0;
    for (int i = 1; i < pattern.length; i++) {
      while (state > 0 && pattern[i] != pattern[state]) {
        state = failure[state - 1];
      }
      if (pattern[i] == pattern[state]) {
        state++;
      }
      failure[i] = state;
    }
    return failure;
  }
}
