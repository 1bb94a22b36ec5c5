package org.cocoon.router.path;

import org.cocoon.router.relay.Relay;

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

  /** Looks, about four times a second. */
  Sight look(long now, Relay relay, RequestPath.Limits limits) {
    if (!relay.heldBack()) {
      heldBackSinceNanos = now;
    }
    if (relay.heldBack() || relay.delivered() != delivered) {
      delivered = relay.delivered();
      progressNanos = now;
    }
    if (relay.delivered() == 0 && now - startNanos > limits.firstTokenTimeoutNanos()) {
      return Sight.NO_FIRST_TOKEN;
    }
    if (now - heldBackSinceNanos > limits.stallTimeoutNanos()) {
      return Sight.CLIENT;
    }
    return relay.delivered() > 0 && now - progressNanos > limits.firstTokenTimeoutNanos()
        ? Sight.WORKER
        : Sight.NONE;
  }
}
