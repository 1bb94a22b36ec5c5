package org.cocoon.worker.engine;

import java.util.Arrays;

/**
 * Which tokens a sequence has seen, and how often in its answer: what penalties need.
 *
 * <p>An open-addressing table with linear probing, at most half full. One thread.
 */
final class TokenCounts {
  private static final int EMPTY = -1;

  private int[] ids = emptyIds(64);
  private int[] counts = new int[64];
  private int size;

  /** Remembers a token of the prompt. */
  void seen(int token) {
    slot(token);
  }

  /** Counts a token of the answer. */
  void answered(int token) {
    int slot = slot(token);
    counts[slot]++;
  }

  /** How often the answer holds a token; -1 where neither prompt nor answer has it. */
  int count(int token) {
    int slot = find(ids, token);
    return ids[slot] == EMPTY ? -1 : counts[slot];
  }

  /** Hears every token with its count, in no order. */
  void forEach(Visitor visitor) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] != EMPTY) {
        visitor.visit(ids[i], counts[i]);
      }
    }
  }

  /** Hears a token and how often the answer holds it. */
  @FunctionalInterface
  interface Visitor {
    void visit(int token, int count);
  }

  private int slot(int token) {
    int slot = find(ids, token);
    if (ids[slot] != EMPTY) {
      return slot;
    }
    if (++size * 2 > ids.length) {
      grow();
      slot = find(ids, token);
    }
    ids[slot] = token;
    return slot;
  }

  private void grow() {
    int[] oldIds = ids;
    int[] oldCounts = counts;
    ids = emptyIds(oldIds.length * 2);
    counts = new int[ids.length];
    for (int i = 0; i < oldIds.length; i++) {
      if (oldIds[i] != EMPTY) {
        int slot = find(ids, oldIds[i]);
        ids[slot] = oldIds[i];
        counts[slot] = oldCounts[i];
      }
    }
  }

  private static int find(int[] ids, int token) {
    int mask = ids.length - 1;
    int slot = (token * 0x9E3779B9) >>> 7 & mask;
    while (ids[slot] != EMPTY && ids[slot] != token) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private static int[] emptyIds(int length) {
    int[] ids = new int[length];
    Arrays.fill(ids, EMPTY);
    return ids;
  }
}
