package org.cocoon.worker.engine;

import org.jspecify.annotations.Nullable;

/**
 * One of a backend's sequences, and which tokens its cache holds.
 *
 * <p>A free slot keeps what it computed, for a later prompt that begins the same way.
 */
final class Slot {
  private static final TokenList NO_TOKENS = new TokenList(0);

  final int sequence;
  private TokenList tokens = NO_TOKENS;
  private String scope = "";
  private int cached;
  private int scheduled;
  private @Nullable Generation generation;
  private long releasedAt;

  Slot(int sequence) {
    this.sequence = sequence;
  }

  boolean isFree() {
    return generation == null;
  }

  /** How many tokens the cache holds, the first ones of its owner's. */
  int cached() {
    return cached;
  }

  /** When it became free, in the order of releases; 0: never used. */
  long releasedAt() {
    return releasedAt;
  }

  /** How many of the cached tokens are those that a generation of the same scope begins with. */
  int shared(Generation other) {
    return scope.equals(other.cacheScope()) ? tokens.commonPrefix(cached, other.tokens()) : 0;
  }

  /** Gives the slot to a generation, of whose tokens the cache now holds the first ones. */
  void take(Generation by, int cachedTokens) {
    generation = by;
    tokens = by.tokens();
    scope = by.cacheScope();
    cached = cachedTokens;
  }

  /** Says that the step about to be made computes the next tokens. */
  void schedule(int count) {
    scheduled = count;
  }

  /** Says that the step was made, and that what was scheduled is cached now. */
  void computed() {
    cached += scheduled;
    scheduled = 0;
  }

  void release(long at) {
    generation = null;
    releasedAt = at;
  }
}
