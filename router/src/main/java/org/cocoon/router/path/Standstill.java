package org.cocoon.router.path;

/**
 * Watches a running answer for standing still, and says whose doing it is. Its worker's, when no
 * token comes; its client's, when the client takes none.
 */
final class Standstill {
  /** What it saw. */
  enum Sight {
    /** All goes on, or has not stood long. */
    NONE,
    /** The worker has not begun in time. */
    NO_FIRST_TOKEN,
    /** The client has read nothing for too long. */
    CLIENT,
    /** The worker stopped in the middle. */
    WORKER
  }

  private long startNanos;
  private long heldBackSinceNanos;
  private long progressNanos;
  private int delivered;

  /** Begins to watch. */
  void start(long now) {
    startNanos = now;
    heldBackSinceNanos = now;
    progressNanos = now;
  }

  /**
   * Looks, about four times a second.
   *
   * @param heldBack whether the worker stands still because the client does
   * @param tokens that the client was given of the whole request: who waits for a slot that another
   *     answer to the same request has does not stand still
   */
  Sight look(long now, boolean heldBack, int tokens, RequestPath.Limits limits) {
    if (!heldBack) {
      heldBackSinceNanos = now;
    }
    if (heldBack || tokens != delivered) {
      delivered = tokens;
      progressNanos = now;
    }
    if (tokens == 0 && now - startNanos > limits.firstTokenTimeoutNanos()) {
      return Sight.NO_FIRST_TOKEN;
    }
    if (now - heldBackSinceNanos > limits.stallTimeoutNanos()) {
      return Sight.CLIENT;
    }
    return tokens > 0 && now - progressNanos > limits.firstTokenTimeoutNanos()
        ? Sight.WORKER
        : Sight.NONE;
  }
}
