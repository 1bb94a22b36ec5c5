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
  private long usedAt;

  Slot(int sequence) {
    this.sequence = sequence;
  }

  boolean isFree() {
    return generation == null;
  }

  /** Whose it is, or null where it is free. */
  @Nullable Generation generation() {
    return generation;
  }

  /** How many tokens the cache holds, the first ones of its owner's. */
  int cached() {
    return cached;
  }

  /** How many it will hold after the step that is being planned. */
  int planned() {
    return cached + scheduled;
  }

  /** When its cache was last of use, by the table's count of uses; 0: it holds nothing. */
  long usedAt() {
    return usedAt;
  }

  void use(long at) {
    usedAt = at;
  }

  /** How many of the cached tokens are those that a generation of the same scope begins with. */
  int shared(Generation other) {
    return scope.equals(other.cacheScope()) ? tokens.commonPrefix(cached, other.tokens()) : 0;
  }

  /** The same, counting tokens that the owner has still to compute, too. */
  int sharedAhead(Generation other) {
    return scope.equals(other.cacheScope())
        ? tokens.commonPrefix(tokens.size(), other.tokens())
        : 0;
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
    scheduled += count;
  }

  /** Says that the step was made, and that what was scheduled is cached now. */
  void computed() {
    cached += scheduled;
    scheduled = 0;
  }

  /** Says that the backend has forgotten what it computed for nothing. */
  void shorten(int length) {
    cached = length;
  }

  void release(long at) {
    generation = null;
    scheduled = 0;
    usedAt = at;
  }

  /** Forgets what a free slot kept. */
  void clear() {
    tokens = NO_TOKENS;
    scope = "";
    cached = 0;
    usedAt = 0;
  }
}
