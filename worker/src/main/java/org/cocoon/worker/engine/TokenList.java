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
