package org.cocoon.worker.engine;

import java.util.Arrays;

/** Tokens in order, growing at the end. One thread. */
final class TokenList {
  private int[] items;
  private int size;

  TokenList(int capacity) {
    items = new int[Math.max(capacity, 16)];
  }

  void add(int token) {
    if (size == items.length) {
      items = Arrays.copyOf(items, Math.multiplyExact(size, 2));
    }
    items[size++] = token;
  }

  void addAll(int[] tokens) {
    if (items.length - size < tokens.length) {
      items = Arrays.copyOf(items, Math.max(size + tokens.length, items.length * 2));
    }
    System.arraycopy(tokens, 0, items, size, tokens.length);
    size += tokens.length;
  }

  int get(int index) {
    return items[index];
  }

  int size() {
    return size;
  }

  /**
   * Where the last {@code length} tokens stood for the last time before: the index after them; -1
   * where they did not.
   */
  int afterLastOccurrence(int length) {
    for (int end = size - 1; end >= length; end--) {
      if (Arrays.equals(items, end - length, end, items, size - length, size)) {
        return end;
      }
    }
    return -1;
  }

  int[] toArray() {
    return Arrays.copyOf(items, size);
  }

  /** How many tokens this list's first {@code count} share with the beginning of another list. */
  int commonPrefix(int count, TokenList other) {
    int length = Math.min(count, other.size);
    int mismatch = Arrays.mismatch(items, 0, length, other.items, 0, length);
    return mismatch < 0 ? length : mismatch;
  }
}
